CREATE VIEW v WITH (security_barrier = true) AS SELECT id FROM users;
