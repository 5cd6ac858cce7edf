CREATE PROCEDURE p(a integer) LANGUAGE plpgsql AS $$ BEGIN END $$;
