CREATE TYPE kind AS ENUM ('a');
CREATE FUNCTION f(k kind, r app.kind) RETURNS integer LANGUAGE sql AS $$ SELECT r.a $$;
