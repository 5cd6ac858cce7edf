CREATE TABLE users (id integer);
CREATE FUNCTION known(integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
