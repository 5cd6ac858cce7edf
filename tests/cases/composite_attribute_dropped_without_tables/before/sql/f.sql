CREATE FUNCTION f(p pair) RETURNS integer LANGUAGE sql AS $$ SELECT p.x $$;
