CREATE VIEW v AS SELECT id, name FROM users;
GRANT SELECT, UPDATE ON v TO pgmg_test_reader;
GRANT SELECT (name) ON v TO PUBLIC;
