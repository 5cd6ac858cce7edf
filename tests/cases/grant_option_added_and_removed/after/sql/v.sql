CREATE VIEW v AS SELECT id FROM users;
GRANT SELECT ON v TO pgmg_test_reader;
