CREATE TABLE t (k kind, p pair);
