CREATE VIEW v AS SELECT id, name AS mail FROM users;
