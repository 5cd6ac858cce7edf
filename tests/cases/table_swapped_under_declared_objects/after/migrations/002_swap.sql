CREATE TABLE new_users (LIKE users INCLUDING DEFAULTS);
INSERT INTO new_users SELECT * FROM users WHERE id > 1;
ALTER TABLE users RENAME TO old_users;
ALTER TABLE new_users RENAME TO users;
DROP TABLE old_users;
