SET search_path = app;
CREATE VIEW v AS SELECT id FROM t;
COMMENT ON VIEW v IS 'two';
