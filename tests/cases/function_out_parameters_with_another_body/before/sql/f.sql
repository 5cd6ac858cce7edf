CREATE FUNCTION f(n integer, OUT a integer, INOUT b text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
