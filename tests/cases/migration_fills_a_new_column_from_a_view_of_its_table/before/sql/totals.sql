CREATE VIEW totals AS SELECT count(*) AS n FROM orders;
