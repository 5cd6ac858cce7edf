-- Shelves get letters. PostgreSQL refuses this while views use the column.
ALTER TABLE books ALTER COLUMN shelf TYPE text USING 'S' || to_char(shelf, 'FM000');
