CREATE TYPE couple AS (a integer, b text);
