CREATE VIEW names AS SELECT name, id FROM users;
