CREATE VIEW moods AS SELECT id, stays FROM persons;
