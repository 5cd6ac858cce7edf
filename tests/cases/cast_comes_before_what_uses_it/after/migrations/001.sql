CREATE TABLE paid (price money_of, CHECK (price::numeric > 0), net numeric);
