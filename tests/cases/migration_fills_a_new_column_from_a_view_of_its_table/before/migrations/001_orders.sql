CREATE TABLE orders (id integer PRIMARY KEY, paid boolean);
INSERT INTO orders VALUES (1, true), (2, false);
