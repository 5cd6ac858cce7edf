CREATE FUNCTION f(n bigint) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
