DO $$ BEGIN ALTER TABLE users ALTER COLUMN name TYPE varchar(50); END $$;
