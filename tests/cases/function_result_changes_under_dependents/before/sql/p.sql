CREATE POLICY p ON users USING (f(id) > 0);
