CREATE TABLE users (id integer, name text);
CREATE TABLE new_users (id integer, name text, since date);
