CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE VIEW grown AS SELECT p.id, p.years_old AS years FROM persons p WHERE p.years_old > 17;
COMMENT ON COLUMN grown.years IS 'by hand';
GRANT SELECT (years) ON grown TO PUBLIC;
CREATE TRIGGER noted BEFORE UPDATE ON persons FOR EACH ROW WHEN (NEW.years_old > 3) EXECUTE FUNCTION noted();
CREATE POLICY seen ON persons USING (years_old > 0);
COMMENT ON POLICY seen ON persons IS 'by hand';
CREATE RULE logged AS ON DELETE TO persons DO INSERT INTO log VALUES (OLD.years_old::text);
