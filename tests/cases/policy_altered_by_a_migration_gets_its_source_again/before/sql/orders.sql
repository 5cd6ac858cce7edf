CREATE POLICY own_orders ON orders USING (owner = current_user);
CREATE POLICY open_orders ON orders FOR INSERT WITH CHECK (NOT closed);
CREATE POLICY all_orders ON orders FOR SELECT USING (id > 0);
