CREATE TABLE people (id integer PRIMARY KEY, name text, age integer DEFAULT 1);
CREATE TABLE log (line text);
