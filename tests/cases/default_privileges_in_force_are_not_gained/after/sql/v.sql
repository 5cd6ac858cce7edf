CREATE VIEW v AS SELECT id FROM users;
CREATE FUNCTION f(number integer) RETURNS integer LANGUAGE sql AS $$ SELECT number $$;
