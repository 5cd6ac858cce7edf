ALTER TABLE people RENAME COLUMN age TO years_old; ALTER TABLE people RENAME TO persons;
