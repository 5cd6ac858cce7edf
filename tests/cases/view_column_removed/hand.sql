COMMENT ON VIEW short IS 'kept';
COMMENT ON COLUMN names.name IS 'who';
