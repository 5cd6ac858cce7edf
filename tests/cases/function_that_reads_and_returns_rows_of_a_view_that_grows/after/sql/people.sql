CREATE VIEW people AS SELECT id, name, age FROM users;
