CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users;
CREATE INDEX m_id ON m (id);
CREATE INDEX m_name ON m (name);
