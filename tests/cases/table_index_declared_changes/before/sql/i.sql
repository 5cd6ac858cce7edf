CREATE INDEX by_name ON users (name);
COMMENT ON INDEX by_name IS 'kept';
