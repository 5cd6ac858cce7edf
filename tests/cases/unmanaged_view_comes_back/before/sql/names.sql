CREATE VIEW names AS SELECT id, name, age FROM users;
