CREATE TABLE t (id integer, n integer);
CREATE TABLE child () INHERITS (t);
