COMMENT ON CAST (pair AS integer) IS 'the first of both';
