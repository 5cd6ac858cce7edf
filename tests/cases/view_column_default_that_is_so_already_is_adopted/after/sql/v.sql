CREATE FUNCTION usual() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'new' $$;
CREATE VIEW open_tasks AS SELECT id, title, state, due FROM tasks;
ALTER VIEW open_tasks ALTER COLUMN state SET DEFAULT usual();
ALTER TABLE open_tasks ALTER COLUMN title SET DEFAULT 'untitled';
