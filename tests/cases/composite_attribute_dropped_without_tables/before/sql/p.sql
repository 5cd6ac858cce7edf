CREATE TYPE pair AS (x integer, y integer);
COMMENT ON TYPE pair IS 'two';
COMMENT ON COLUMN pair.x IS 'first';
