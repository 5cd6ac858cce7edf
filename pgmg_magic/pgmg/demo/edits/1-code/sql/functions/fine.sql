-- What a late book costs: ten cents a day, and never more than one euro.
CREATE FUNCTION fine(days_late integer) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
    SELECT least(greatest(days_late, 0) * 0.10, 1.00)
$$;
