CREATE FUNCTION f(n bigint) RETURNS text LANGUAGE sql AS $$ SELECT 'bigint' $$;
CREATE FUNCTION f(n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'integer' $$;
