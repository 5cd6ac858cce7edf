CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE VIEW grown AS SELECT p.id, p.age AS years FROM people p WHERE p.age > 17;
COMMENT ON COLUMN grown.years IS 'by hand';
GRANT SELECT (years) ON grown TO PUBLIC;
CREATE TRIGGER noted BEFORE UPDATE ON people FOR EACH ROW WHEN (NEW.age > 3) EXECUTE FUNCTION noted();
CREATE POLICY seen ON people USING (age > 0);
COMMENT ON POLICY seen ON people IS 'by hand';
CREATE RULE logged AS ON DELETE TO people DO INSERT INTO log VALUES (OLD.age::text);
