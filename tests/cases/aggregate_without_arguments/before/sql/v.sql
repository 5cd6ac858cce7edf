CREATE VIEW v AS SELECT how_many(*) AS n FROM users;
