CREATE FUNCTION oldest() RETURNS integer LANGUAGE sql AS $$ SELECT max(age) FROM users $$;
