CREATE FUNCTION current_event() RETURNS integer LANGUAGE sql AS $$ SELECT max(id) FROM latest $$;
