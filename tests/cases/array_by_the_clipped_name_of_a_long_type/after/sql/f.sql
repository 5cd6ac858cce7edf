CREATE FUNCTION f(_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx) RETURNS integer LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION f(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx[]) IS 'one';
