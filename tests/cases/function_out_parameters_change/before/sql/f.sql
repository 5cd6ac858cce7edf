CREATE FUNCTION f(n integer, OUT a integer, OUT b text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
