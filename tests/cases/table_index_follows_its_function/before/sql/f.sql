CREATE FUNCTION key(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(t) $$;
CREATE INDEX by_key ON users (key(name));
