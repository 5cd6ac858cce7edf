CREATE VIEW pairs AS SELECT id, ROW(id, 'x')::pair AS both_of FROM people;
