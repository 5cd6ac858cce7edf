CREATE VIEW v AS SELECT id, name, age FROM users;
