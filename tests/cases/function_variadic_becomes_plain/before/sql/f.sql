CREATE FUNCTION f(VARIADIC list integer[]) RETURNS integer LANGUAGE sql AS $$ SELECT list[1] $$;
