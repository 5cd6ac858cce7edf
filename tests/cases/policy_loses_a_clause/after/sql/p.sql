CREATE POLICY p ON users USING (id > 0);
