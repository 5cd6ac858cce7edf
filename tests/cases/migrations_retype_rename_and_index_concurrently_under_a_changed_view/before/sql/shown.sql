CREATE FUNCTION shown(n bigint, width integer DEFAULT 8) RETURNS text LANGUAGE sql RETURN lpad(n::text, width);
