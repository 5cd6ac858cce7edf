CREATE TABLE t (id integer PRIMARY KEY, size smallint);
CREATE TABLE counts (n bigint);
