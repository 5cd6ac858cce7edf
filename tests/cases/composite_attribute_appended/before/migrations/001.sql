CREATE TABLE t (id integer, p point3);
