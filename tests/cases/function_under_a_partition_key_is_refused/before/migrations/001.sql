CREATE TABLE t (a integer) PARTITION BY HASH (f(a));
