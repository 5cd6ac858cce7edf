CREATE FUNCTION f(number integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT number $$;
