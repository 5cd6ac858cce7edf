CREATE VIEW open_tasks AS SELECT id, title, state, due FROM tasks;
