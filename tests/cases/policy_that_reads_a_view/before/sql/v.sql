CREATE VIEW v AS SELECT id, name FROM users;
CREATE POLICY p ON users USING (EXISTS (SELECT FROM v WHERE v.id = users.id));
