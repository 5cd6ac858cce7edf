CREATE FUNCTION shown(n bigint) RETURNS text LANGUAGE sql RETURN lpad(n::text, 6);
