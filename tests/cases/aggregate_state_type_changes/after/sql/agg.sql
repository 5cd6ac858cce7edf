CREATE AGGREGATE total(integer) (SFUNC = int84pl, STYPE = bigint, INITCOND = '0');
COMMENT ON AGGREGATE total(integer) IS 'sums';
