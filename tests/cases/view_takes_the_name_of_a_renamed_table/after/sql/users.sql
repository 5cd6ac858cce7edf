CREATE VIEW users AS SELECT id, name, owner FROM all_users WHERE NOT deleted;
