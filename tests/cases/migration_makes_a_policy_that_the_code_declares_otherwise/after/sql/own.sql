CREATE POLICY own ON users USING (owner = current_user);
CREATE INDEX users_name ON users (lower(name));
