CREATE VIEW names AS SELECT name FROM users;
GRANT SELECT ON names TO PUBLIC;
CREATE VIEW shouted AS SELECT upper(name) AS name FROM names;
CREATE FUNCTION called(users) RETURNS text LANGUAGE sql AS $$ SELECT $1.name $$;
