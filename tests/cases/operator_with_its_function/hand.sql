COMMENT ON OPERATOR === (text, text) IS 'kept';
