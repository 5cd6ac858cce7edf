CREATE VIEW v AS SELECT id, name::email AS name FROM users;
