CREATE TYPE status AS ENUM ('new', 'done');
CREATE FUNCTION status_of(n bigint) RETURNS status LANGUAGE sql AS $$ SELECT 'new'::status $$;
CREATE CAST (bigint AS status) WITH FUNCTION status_of(bigint) AS ASSIGNMENT;
COMMENT ON CAST (bigint AS status) IS 'kept';
