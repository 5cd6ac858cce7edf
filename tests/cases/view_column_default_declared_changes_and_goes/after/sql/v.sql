CREATE VIEW open_tasks AS SELECT id, title, state, due FROM tasks;
ALTER TABLE ONLY public.open_tasks ALTER COLUMN title SET DEFAULT 'no title';
