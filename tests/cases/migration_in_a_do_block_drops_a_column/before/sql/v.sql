CREATE VIEW v AS SELECT id, age FROM users;
