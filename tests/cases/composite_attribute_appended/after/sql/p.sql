CREATE TYPE point3 AS (x integer, y integer, z text COLLATE "C", w numeric(10,2));
