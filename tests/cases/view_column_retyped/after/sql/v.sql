CREATE VIEW v AS SELECT id, age::bigint AS age FROM users;
