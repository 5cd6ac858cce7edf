CREATE VIEW v AS SELECT name COLLATE german AS name FROM users;
