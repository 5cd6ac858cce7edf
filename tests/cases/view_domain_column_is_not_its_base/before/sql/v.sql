CREATE VIEW v AS SELECT id, name::email AS mail FROM users;
