CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS (f(a)) STORED);
