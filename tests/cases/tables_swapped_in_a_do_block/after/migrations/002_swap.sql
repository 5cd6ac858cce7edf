DO $$ BEGIN
    EXECUTE 'ALTER TABLE users RENAME TO old_users';
    EXECUTE 'ALTER TABLE new_users RENAME TO users';
END $$;
