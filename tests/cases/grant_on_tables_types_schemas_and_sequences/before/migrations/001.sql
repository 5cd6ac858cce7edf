DO $$ BEGIN CREATE ROLE pgmg_test_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE SCHEMA app;
CREATE TABLE app.t (id serial, name text);
CREATE TYPE app.k AS ENUM ('a');
