CREATE VIEW open_tasks AS SELECT title, id, state, due FROM tasks;
ALTER VIEW open_tasks ALTER COLUMN state SET DEFAULT usual(1);
ALTER VIEW open_tasks ALTER title SET DEFAULT 'untitled';
