CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
