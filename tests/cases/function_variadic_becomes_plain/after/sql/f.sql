CREATE FUNCTION f(list integer[]) RETURNS integer LANGUAGE sql AS $$ SELECT list[1] $$;
