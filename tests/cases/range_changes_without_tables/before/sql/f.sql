CREATE FUNCTION f(s span) RETURNS integer LANGUAGE sql AS $$ SELECT lower(s) $$;
