COMMENT ON POLICY own_orders ON orders IS 'by hand';
