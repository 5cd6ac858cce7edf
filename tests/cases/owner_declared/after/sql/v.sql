CREATE VIEW v AS SELECT id FROM users;
ALTER VIEW v OWNER TO pgmg_test_owner;
