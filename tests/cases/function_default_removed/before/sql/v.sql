CREATE VIEW v AS SELECT f(id, age) AS n FROM users;
