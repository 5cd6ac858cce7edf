CREATE VIEW v AS SELECT id FROM users;
ALTER VIEW v OWNER TO pgmg_test_owner;
CREATE FUNCTION f(number integer) RETURNS integer LANGUAGE sql AS $$ SELECT number $$;
ALTER FUNCTION f(integer) OWNER TO pgmg_test_owner;
