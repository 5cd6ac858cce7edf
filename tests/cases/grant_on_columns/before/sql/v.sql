CREATE VIEW v AS SELECT id, name FROM users;
GRANT SELECT (id, name), UPDATE (name) ON v TO pgmg_test_reader;
