ALTER TYPE status RENAME TO status_old;
CREATE TYPE status AS ENUM ('new');
ALTER TABLE t ALTER COLUMN s TYPE status USING s::text::status;
DROP TYPE status_old;
