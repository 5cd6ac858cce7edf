CREATE FUNCTION stamp() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.changed_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER stamp_orders
BEFORE INSERT OR UPDATE ON orders
FOR EACH ROW EXECUTE FUNCTION stamp();
