CREATE FUNCTION ok(number integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT number > 0 $$;
