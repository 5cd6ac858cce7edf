CREATE FUNCTION f(number integer) RETURNS integer LANGUAGE sql AS $$ SELECT number $$;
REVOKE ALL ON FUNCTION f(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f(integer) TO pgmg_test_reader;
