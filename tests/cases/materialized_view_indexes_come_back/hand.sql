CREATE INDEX m_name ON m (lower(name)) WHERE id > 3;
COMMENT ON INDEX m_name IS 'by hand';
CLUSTER m USING m_key;
