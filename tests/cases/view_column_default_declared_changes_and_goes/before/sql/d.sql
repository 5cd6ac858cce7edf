ALTER VIEW open_tasks ALTER COLUMN state SET DEFAULT usual();
