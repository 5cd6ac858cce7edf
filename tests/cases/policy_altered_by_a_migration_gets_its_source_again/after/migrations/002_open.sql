ALTER POLICY own_orders ON orders TO PUBLIC USING (true) WITH CHECK (true);
ALTER POLICY open_orders ON orders TO CURRENT_USER;
