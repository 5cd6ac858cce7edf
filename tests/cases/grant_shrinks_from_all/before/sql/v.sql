CREATE VIEW v AS SELECT id, name FROM users;
GRANT ALL ON v TO pgmg_test_reader;
