CREATE FUNCTION f(s status) RETURNS text LANGUAGE sql AS $$ SELECT s::text $$;
