CREATE FUNCTION f(n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'integer' $$;
