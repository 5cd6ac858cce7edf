ALTER TABLE people RENAME TO persons;
ALTER TABLE persons ALTER COLUMN plain TYPE text;
