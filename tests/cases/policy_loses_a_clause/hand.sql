COMMENT ON POLICY p ON users IS 'kept';
