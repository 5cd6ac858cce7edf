SET search_path = app;
CREATE VIEW v AS SELECT id, x FROM t;
COMMENT ON VIEW v IS 'one';
