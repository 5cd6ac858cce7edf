CREATE TABLE users (id integer PRIMARY KEY, name text, owner name DEFAULT current_user);
INSERT INTO users VALUES (1, 'ann'), (2, 'bob');
