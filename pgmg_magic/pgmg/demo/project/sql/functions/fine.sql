-- What a late book costs: ten cents a day.
CREATE FUNCTION fine(days_late integer) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
    SELECT greatest(days_late, 0) * 0.10
$$;
