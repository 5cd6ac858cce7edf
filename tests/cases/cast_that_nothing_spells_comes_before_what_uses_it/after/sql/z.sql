CREATE TYPE money_of AS (amount numeric, currency text);
CREATE FUNCTION amount_of(money_of) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).amount $$;
CREATE CAST (money_of AS numeric) WITH FUNCTION amount_of(money_of) AS ASSIGNMENT;
