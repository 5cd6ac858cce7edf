COMMENT ON TYPE status IS 'kept';
COMMENT ON COLUMN t.s IS 'kept';
