CREATE FUNCTION f(number integer) RETURNS integer LANGUAGE sql AS $$ SELECT number $$;
