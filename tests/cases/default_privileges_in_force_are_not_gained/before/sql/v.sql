CREATE VIEW v AS SELECT id, name FROM users;
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n $$;
