CREATE TYPE pair AS (x integer);
