CREATE VIEW short AS SELECT name FROM names;
