CREATE FUNCTION odd(number integer) RETURNS boolean LANGUAGE sql AS $$ SELECT number <> 0 AND even(number - 1) $$;
