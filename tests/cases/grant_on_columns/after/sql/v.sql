CREATE VIEW v AS SELECT id, name FROM users;
GRANT SELECT (id) ON v TO pgmg_test_reader;
