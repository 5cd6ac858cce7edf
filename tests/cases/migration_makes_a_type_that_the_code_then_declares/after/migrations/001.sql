CREATE TYPE kind AS ENUM ('a');
CREATE TABLE t (k kind);
