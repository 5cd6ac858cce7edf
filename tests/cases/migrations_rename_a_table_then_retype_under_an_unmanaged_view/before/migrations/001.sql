CREATE TABLE t17 (id integer PRIMARY KEY, c2 text);
