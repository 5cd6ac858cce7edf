CREATE FUNCTION back(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN a < b THEN 1 WHEN a > b THEN -1 ELSE 0 END $$;
CREATE OPERATOR FAMILY backwards USING btree;
CREATE OPERATOR CLASS backwards_int FOR TYPE integer USING btree FAMILY backwards AS
  OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 back(integer, integer);
