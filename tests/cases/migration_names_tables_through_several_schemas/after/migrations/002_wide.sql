SET search_path TO app, public;
ALTER TABLE users ADD COLUMN born date;
ALTER TABLE log ADD COLUMN who integer;
CREATE TABLE kept AS SELECT * FROM everybody;
ALTER TABLE users ALTER COLUMN id TYPE bigint;
