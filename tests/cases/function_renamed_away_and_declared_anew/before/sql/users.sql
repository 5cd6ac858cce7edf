CREATE POLICY known ON users USING (known(id));
CREATE INDEX users_known ON users (known(id));
CREATE VIEW knowns AS SELECT id FROM users WHERE known(id);
