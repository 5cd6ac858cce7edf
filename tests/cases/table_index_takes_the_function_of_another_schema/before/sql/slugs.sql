CREATE FUNCTION app.slug(title text) RETURNS text LANGUAGE sql IMMUTABLE RETURN lower(title);
CREATE FUNCTION web.slug(title text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(title);
