CREATE TABLE archive (id integer);
INSERT INTO archive SELECT id FROM names;
ALTER TABLE users DROP COLUMN born;
