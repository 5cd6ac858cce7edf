CREATE TABLE paid (net numeric);
