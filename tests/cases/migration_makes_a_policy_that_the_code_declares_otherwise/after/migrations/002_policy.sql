CREATE POLICY own ON users USING (false);
CREATE INDEX users_name ON users (name);
