CREATE TYPE pair AS (x bigint, z text);
