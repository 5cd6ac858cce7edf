CREATE TYPE kind AS ENUM ('a', 'c');
CREATE TYPE pair AS (a integer);
CREATE TABLE t (k kind, p pair);
