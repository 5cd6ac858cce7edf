ALTER TABLE users ALTER COLUMN name TYPE varchar(40);
CREATE OR REPLACE VIEW names AS SELECT id, name, upper(name) AS shouted FROM users;
COMMENT ON VIEW names IS 'twice';
