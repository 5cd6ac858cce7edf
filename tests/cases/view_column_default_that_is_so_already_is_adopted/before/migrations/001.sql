CREATE TABLE tasks (id integer PRIMARY KEY, title text, state text, due date);
CREATE FUNCTION usual() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'new' $$;
CREATE VIEW open_tasks AS SELECT id, title, state, due FROM tasks;
ALTER VIEW open_tasks ALTER COLUMN state SET DEFAULT usual(), ALTER title SET DEFAULT 'untitled';
