CREATE VIEW recent AS SELECT id, NOT paid AS open FROM orders;
