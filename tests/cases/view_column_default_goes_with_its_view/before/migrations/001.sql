CREATE TABLE tasks (id integer PRIMARY KEY, title text, state text, due date);
