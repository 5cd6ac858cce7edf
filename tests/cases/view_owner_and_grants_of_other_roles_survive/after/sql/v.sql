CREATE VIEW v AS SELECT id, name FROM users;
