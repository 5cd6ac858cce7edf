CREATE VIEW names AS SELECT id, name FROM users;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n, max(id) AS last FROM names;
