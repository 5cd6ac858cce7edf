CREATE FUNCTION f(VARIADIC list anyarray, OUT first anyelement) LANGUAGE sql AS $$ SELECT list[2] $$;
CREATE FUNCTION g(a anycompatible, b anycompatible) RETURNS anycompatible LANGUAGE sql AS $$ SELECT b $$;
