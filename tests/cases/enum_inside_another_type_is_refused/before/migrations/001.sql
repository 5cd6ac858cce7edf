CREATE TABLE t (id integer, p pair);
