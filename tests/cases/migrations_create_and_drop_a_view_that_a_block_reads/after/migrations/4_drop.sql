ALTER VIEW tiny RENAME TO minute;
DROP VIEW small, minute;
