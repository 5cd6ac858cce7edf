ALTER TABLE orders ADD COLUMN total bigint;
UPDATE orders SET total = (SELECT n FROM totals);
GRANT SELECT ON shown TO PUBLIC;
