CREATE VIEW v (a, c) AS SELECT id, name FROM users;
