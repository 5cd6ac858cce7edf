DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'users' || ' DROP COLUMN age'; END $$;
