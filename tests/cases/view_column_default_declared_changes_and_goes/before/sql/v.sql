CREATE VIEW open_tasks AS SELECT id, title, state, due FROM tasks;
ALTER TABLE ONLY public.open_tasks ALTER COLUMN title SET DEFAULT 'untitled';
ALTER VIEW open_tasks ALTER due SET DEFAULT CURRENT_DATE + 7;
