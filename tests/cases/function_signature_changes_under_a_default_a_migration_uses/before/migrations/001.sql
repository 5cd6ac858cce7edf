CREATE TABLE t (id integer PRIMARY KEY, n integer);
CREATE TABLE u (id integer PRIMARY KEY, n integer);
