ALTER TABLE users RENAME TO all_users;
ALTER TABLE all_users ADD COLUMN deleted boolean NOT NULL DEFAULT false;
