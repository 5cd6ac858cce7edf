CREATE FUNCTION paid_until(last bigint) RETURNS SETOF paid LANGUAGE sql BEGIN ATOMIC
  SELECT p.* FROM paid p WHERE p.id <= last;
END;
