ALTER TABLE users ALTER COLUMN name TYPE varchar(9);
ALTER TABLE users RENAME COLUMN name TO called;
ALTER TABLE users ALTER COLUMN called TYPE varchar(10);
ALTER TABLE users RENAME TO people;
