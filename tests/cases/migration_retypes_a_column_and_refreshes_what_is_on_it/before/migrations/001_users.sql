CREATE TABLE users (id integer PRIMARY KEY, name text, born date);
INSERT INTO users VALUES (1, 'ann', '1999-01-01'), (2, 'bob', NULL);
