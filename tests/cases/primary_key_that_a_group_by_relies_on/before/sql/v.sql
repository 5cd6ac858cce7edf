CREATE VIEW v AS SELECT id, name, count(*) AS n FROM users GROUP BY id;
