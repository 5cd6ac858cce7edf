CREATE POLICY seen ON people USING (age > 0);
