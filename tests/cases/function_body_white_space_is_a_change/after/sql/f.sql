CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT  n $$;
