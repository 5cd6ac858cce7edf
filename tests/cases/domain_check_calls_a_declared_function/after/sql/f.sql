CREATE FUNCTION ok(number integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT number > 0 $$;
CREATE DOMAIN d AS integer CONSTRAINT fine CHECK (ok(VALUE));
