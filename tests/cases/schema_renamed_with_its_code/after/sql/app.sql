CREATE TYPE core.mood AS ENUM ('sad');
CREATE VIEW core.names AS SELECT name FROM core.users;
COMMENT ON VIEW core.names IS 'what they are called';
CREATE FUNCTION core.is_sad(core.mood) RETURNS boolean LANGUAGE sql AS $$ SELECT $1 = 'sad'::core.mood $$;
