CREATE VIEW v AS SELECT id FROM users WHERE name === 'X';
