CREATE VIEW v AS SELECT id, name FROM users;
COMMENT ON VIEW v IS 'old';
COMMENT ON COLUMN v.name IS 'gone with it';
