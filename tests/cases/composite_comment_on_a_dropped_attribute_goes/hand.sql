COMMENT ON COLUMN pair.x IS 'kept';
COMMENT ON COLUMN pair.y IS 'goes';
