CREATE TABLE people (id integer PRIMARY KEY, gone mood DEFAULT 'ok', kept mood DEFAULT 'ok' CHECK (kept <> 'sad'), plain mood);
INSERT INTO people (id) VALUES (1), (2);
