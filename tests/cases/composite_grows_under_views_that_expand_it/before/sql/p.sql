CREATE TYPE point_of AS (x integer, y integer);
