CREATE VIEW v (a, b, c) AS SELECT id, name, age FROM users;
