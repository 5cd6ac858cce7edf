CREATE INDEX IF NOT EXISTS by_name ON users (name) INCLUDE (age) WHERE active;
