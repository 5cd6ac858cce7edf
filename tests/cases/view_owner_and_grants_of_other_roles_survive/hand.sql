DO $$ BEGIN CREATE ROLE pgmg_test_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE pgmg_test_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
ALTER VIEW v OWNER TO pgmg_test_owner;
GRANT SELECT ON v TO pgmg_test_reader WITH GRANT OPTION;
GRANT UPDATE (name) ON v TO PUBLIC;
REVOKE DELETE ON v FROM pgmg_test_owner;
SET ROLE pgmg_test_reader;
GRANT SELECT ON v TO PUBLIC;
RESET ROLE;
