CREATE TABLE t (k kind);
