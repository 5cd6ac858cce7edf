CREATE FUNCTION one_more(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT n + 1 $$;
CREATE AGGREGATE how_many(*) (SFUNC = one_more, STYPE = bigint, INITCOND = '0');
COMMENT ON AGGREGATE how_many(*) IS 'counts';
