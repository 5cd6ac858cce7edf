CREATE VIEW pairs AS SELECT id, ROW(id, 'x')::couple AS both_of FROM people;
