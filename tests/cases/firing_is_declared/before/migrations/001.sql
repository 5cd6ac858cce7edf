CREATE TABLE tasks (id integer PRIMARY KEY, title text);
CREATE TABLE log (id integer, title text);
