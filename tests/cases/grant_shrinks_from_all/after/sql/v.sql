CREATE VIEW v AS SELECT id, name FROM users;
GRANT SELECT ON v TO pgmg_test_reader;
