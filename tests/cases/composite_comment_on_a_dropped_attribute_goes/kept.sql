COMMENT ON COLUMN pair.x IS 'kept';
