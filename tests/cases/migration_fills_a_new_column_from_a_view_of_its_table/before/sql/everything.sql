CREATE VIEW everything AS SELECT * FROM orders;
