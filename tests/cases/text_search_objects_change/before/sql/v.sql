CREATE VIEW v AS SELECT to_tsvector('conf'::regconfig, name) AS words FROM users;
