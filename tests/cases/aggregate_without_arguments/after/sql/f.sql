CREATE FUNCTION one_more(number bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT number + 1 $$;
CREATE AGGREGATE how_many(*) (SFUNC = one_more, STYPE = bigint, INITCOND = '0');
COMMENT ON AGGREGATE how_many(*) IS 'counts';
