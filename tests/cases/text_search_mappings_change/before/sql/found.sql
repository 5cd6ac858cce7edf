CREATE VIEW found AS SELECT id, to_tsvector('words'::regconfig, body) AS words FROM pages;
