CREATE TYPE pair AS (a integer, b integer);
CREATE FUNCTION first_of(pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a';
CREATE CAST (pair AS integer) WITH FUNCTION first_of(pair);
