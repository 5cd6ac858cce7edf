CREATE TYPE app.mood AS ENUM ('sad');
CREATE VIEW app.names AS SELECT name FROM app.users;
COMMENT ON VIEW app.names IS 'what they are called';
CREATE FUNCTION app.is_sad(app.mood) RETURNS boolean LANGUAGE sql AS $$ SELECT $1 = 'sad'::app.mood $$;
