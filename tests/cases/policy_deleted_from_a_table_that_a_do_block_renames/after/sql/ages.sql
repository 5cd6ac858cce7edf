CREATE VIEW ages AS SELECT age FROM persons;
