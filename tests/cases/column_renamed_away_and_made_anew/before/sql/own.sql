CREATE POLICY own ON users USING (owner = current_user);
CREATE INDEX users_owner ON users (owner);
CREATE VIEW owners AS SELECT id, owner FROM users;
