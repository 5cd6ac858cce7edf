CREATE VIEW ids AS SELECT id, name FROM users;
