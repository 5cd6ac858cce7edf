ALTER TABLE users RENAME COLUMN owner TO old_owner;
ALTER TABLE users ADD COLUMN owner name;
UPDATE users SET owner = upper(old_owner);
