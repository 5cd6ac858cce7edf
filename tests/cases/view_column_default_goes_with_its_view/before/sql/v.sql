CREATE VIEW open_tasks AS SELECT id, title, state, due FROM tasks;
ALTER VIEW open_tasks ALTER COLUMN state SET DEFAULT usual();
