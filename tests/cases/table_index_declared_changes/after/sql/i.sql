CREATE INDEX by_name ON users (lower(name)) WHERE active;
COMMENT ON INDEX by_name IS 'kept';
