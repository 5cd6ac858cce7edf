CREATE TABLE kept AS SELECT count(*) AS n FROM called;
ALTER TABLE users ALTER COLUMN name TYPE varchar(40);
DO $$ BEGIN EXECUTE 'INSERT INTO kept SELECT count(*) FROM called'; END $$;
