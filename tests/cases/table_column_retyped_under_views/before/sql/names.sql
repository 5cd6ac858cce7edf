CREATE VIEW names AS SELECT id, age FROM users;
