CREATE FUNCTION f() RETURNS TABLE (id integer, name text) LANGUAGE sql AS $$ SELECT id, name FROM users $$;
