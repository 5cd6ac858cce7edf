CREATE VIEW names AS SELECT id, name, born FROM users;
