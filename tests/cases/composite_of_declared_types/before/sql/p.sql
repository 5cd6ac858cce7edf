CREATE TYPE pair AS (k kind, list kind[]);
