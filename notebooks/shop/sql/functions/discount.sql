-- What a regular gets off the next order, in percent.
CREATE FUNCTION discount(spent bigint) RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN spent >= 10000 THEN 10 WHEN spent >= 5000 THEN 5 ELSE 0 END
$$;
