CREATE FUNCTION key(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(value) $$;
CREATE INDEX by_key ON users (key(name));
