CREATE VIEW moods AS SELECT 'sad'::mood AS mood;
CREATE FUNCTION is_sad(mood) RETURNS boolean LANGUAGE sql AS $$ SELECT $1 = 'sad'::mood $$;
