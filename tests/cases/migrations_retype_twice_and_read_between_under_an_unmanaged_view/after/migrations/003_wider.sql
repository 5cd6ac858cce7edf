CREATE TABLE kept AS SELECT count(*) AS n FROM names;
ALTER TABLE users ALTER COLUMN name TYPE varchar(50);
INSERT INTO kept SELECT count(*) FROM names;
