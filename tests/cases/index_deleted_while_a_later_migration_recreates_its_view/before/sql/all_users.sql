CREATE MATERIALIZED VIEW all_users AS SELECT u.* FROM users u;
CREATE INDEX all_users_name ON all_users (name);
COMMENT ON INDEX all_users_name IS 'by name';
