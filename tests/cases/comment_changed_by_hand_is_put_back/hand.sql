COMMENT ON VIEW v IS 'other';
