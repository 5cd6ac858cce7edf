DO $$ BEGIN CREATE ROLE pgmg_test_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE pgmg_test_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
ALTER DOMAIN email OWNER TO pgmg_test_owner;
GRANT USAGE ON TYPE email TO pgmg_test_reader WITH GRANT OPTION;
SET ROLE pgmg_test_reader;
GRANT USAGE ON TYPE email TO pgmg_test_owner;
RESET ROLE;
