CREATE DOMAIN email AS varchar(20) CHECK (VALUE LIKE '%@%');
