CREATE FUNCTION f(n integer, OUT a integer, OUT b text, OUT c text) LANGUAGE sql AS $$ SELECT 1, 'x', 'y' $$;
