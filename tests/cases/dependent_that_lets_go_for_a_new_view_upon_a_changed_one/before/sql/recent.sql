CREATE VIEW recent AS SELECT id, paid FROM orders;
