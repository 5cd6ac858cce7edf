CREATE FUNCTION usual(n integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'new' $$;
