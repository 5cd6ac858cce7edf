CREATE VIEW latest AS SELECT max(id) AS id FROM events;
