SET search_path TO public, pg_catalog;
ALTER TABLE users ADD COLUMN others integer;
UPDATE users SET others = (SELECT count(*) FROM by_hand) - 1;
ALTER TABLE users ALTER COLUMN name TYPE varchar(20);
