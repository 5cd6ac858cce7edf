CREATE VIEW ages AS SELECT age FROM people;
