CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql RETURN n + 1;
