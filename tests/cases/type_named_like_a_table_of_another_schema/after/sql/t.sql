CREATE TYPE kind AS ENUM ('b');
CREATE FUNCTION f(k kind, r app.kind) RETURNS integer LANGUAGE sql AS $$ SELECT r.a $$;
