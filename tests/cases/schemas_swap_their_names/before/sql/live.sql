CREATE VIEW live.everybody AS SELECT * FROM live.users;
GRANT SELECT ON live.everybody TO PUBLIC;
CREATE INDEX users_mood ON live.users (mood);
CREATE FUNCTION live.is_glad(live.mood) RETURNS boolean LANGUAGE sql AS $$ SELECT $1::text = 'glad' $$;
