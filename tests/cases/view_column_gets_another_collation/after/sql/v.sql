CREATE VIEW v AS SELECT id, name COLLATE "C" AS name FROM users;
