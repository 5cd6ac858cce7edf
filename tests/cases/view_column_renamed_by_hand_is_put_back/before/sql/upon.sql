CREATE VIEW upon AS SELECT name FROM names;
