CREATE VIEW by_hand AS SELECT name, age FROM names;
COMMENT ON COLUMN by_hand.name IS 'who';
GRANT SELECT ON by_hand TO PUBLIC;
ALTER VIEW by_hand ALTER COLUMN name SET DEFAULT 'nobody';
