CREATE VIEW v AS SELECT id, name FROM users;
CREATE FUNCTION reads() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM v); END $$;
