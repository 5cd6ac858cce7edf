CREATE VIEW moods AS SELECT id, kept FROM people;
