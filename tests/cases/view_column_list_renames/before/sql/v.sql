CREATE VIEW v (a, b) AS SELECT id, name FROM users;
