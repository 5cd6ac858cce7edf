DO $$ BEGIN CREATE ROLE pgmg_test_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE pgmg_test_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
ALTER FUNCTION f(integer) OWNER TO pgmg_test_owner;
REVOKE ALL ON FUNCTION f(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f(integer) TO pgmg_test_reader WITH GRANT OPTION;
COMMENT ON FUNCTION f(integer) IS 'kept';
