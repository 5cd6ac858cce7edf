CREATE VIEW v AS SELECT id, years AS age FROM users;
