create or replace function f( n integer )
  returns integer  -- the same
  language sql as $$ SELECT n $$;
