CREATE POLICY p ON users USING (id > 0) WITH CHECK (id > 1);
