CREATE TABLE users (id integer PRIMARY KEY, name text);
CREATE VIEW ids AS SELECT id FROM users;
