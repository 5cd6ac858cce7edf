CREATE FUNCTION a_amount(p money_of) RETURNS numeric LANGUAGE sql AS 'SELECT p::numeric';
CREATE DOMAIN a_price AS money_of CHECK (CAST(VALUE AS numeric(12, 2)) >= 0);
