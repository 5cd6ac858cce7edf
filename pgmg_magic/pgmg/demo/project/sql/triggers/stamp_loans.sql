CREATE FUNCTION stamp() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.changed_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER stamp_loans
BEFORE INSERT OR UPDATE ON loans
FOR EACH ROW EXECUTE FUNCTION stamp();
