CREATE VIEW v AS SELECT id, name FROM users;
ALTER VIEW v OWNER TO pgmg_test_owner;
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n $$;
ALTER FUNCTION f(integer) OWNER TO pgmg_test_owner;
