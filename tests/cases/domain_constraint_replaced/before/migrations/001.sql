CREATE TABLE t (n d);
