CREATE DOMAIN email AS varchar(40) CHECK (VALUE LIKE '%@%');
