CREATE FUNCTION f(low integer) RETURNS TABLE (id integer, name text) LANGUAGE sql AS $$ SELECT id, name FROM users WHERE id > low $$;
