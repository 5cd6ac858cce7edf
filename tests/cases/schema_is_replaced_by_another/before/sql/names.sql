CREATE VIEW names AS SELECT name FROM live.users;
