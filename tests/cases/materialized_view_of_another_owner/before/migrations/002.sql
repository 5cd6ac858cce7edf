DO $$ BEGIN CREATE ROLE pgmg_test_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
GRANT SELECT ON users TO pgmg_test_owner;
GRANT CREATE ON SCHEMA public TO pgmg_test_owner;
