CREATE TABLE t (s span);
