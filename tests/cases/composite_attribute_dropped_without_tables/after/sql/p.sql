CREATE TYPE pair AS (x integer);
COMMENT ON TYPE pair IS 'two';
COMMENT ON COLUMN pair.x IS 'first';
