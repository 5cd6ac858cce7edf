CREATE FUNCTION f(n bigint) RETURNS text LANGUAGE sql AS $$ SELECT 'bigint' $$;
