CREATE VIEW adults AS SELECT * FROM names WHERE age > 17;
