CREATE VIEW v AS SELECT total(age) AS n FROM users;
