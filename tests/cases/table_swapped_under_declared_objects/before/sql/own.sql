CREATE POLICY own ON users USING (owner = current_user);
COMMENT ON TABLE users IS 'people';
GRANT SELECT (name) ON users TO PUBLIC;
