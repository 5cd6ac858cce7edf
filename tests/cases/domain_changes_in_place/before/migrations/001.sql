CREATE TABLE t (mail email);
