CREATE FUNCTION twice() RETURNS bigint LANGUAGE sql RETURN (SELECT 2 * n FROM open_totals);
