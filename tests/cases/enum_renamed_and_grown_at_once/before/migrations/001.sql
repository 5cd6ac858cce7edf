CREATE TABLE t (id integer, s status);
