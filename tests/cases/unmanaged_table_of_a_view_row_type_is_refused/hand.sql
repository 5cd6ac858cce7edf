CREATE TABLE t (r v);
