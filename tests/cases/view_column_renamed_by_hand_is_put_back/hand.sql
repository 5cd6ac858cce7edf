ALTER VIEW names RENAME COLUMN name TO title;
