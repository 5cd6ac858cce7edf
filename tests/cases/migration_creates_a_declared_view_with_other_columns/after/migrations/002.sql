CREATE VIEW v AS SELECT name, id FROM users;
