DO $$ BEGIN EXECUTE 'COMMENT ON TABLE users IS ''people'''; END $$;
