ALTER TABLE orders ADD COLUMN due date;
