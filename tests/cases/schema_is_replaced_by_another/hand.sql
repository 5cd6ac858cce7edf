CREATE VIEW counted AS SELECT count(*) AS n FROM names;
