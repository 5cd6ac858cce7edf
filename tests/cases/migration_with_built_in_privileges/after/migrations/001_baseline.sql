-- pgmg: built-in-privileges
CREATE TABLE old (id integer);
