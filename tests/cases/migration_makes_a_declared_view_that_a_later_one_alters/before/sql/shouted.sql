CREATE VIEW shouted AS SELECT upper(name) AS name, id FROM names;
