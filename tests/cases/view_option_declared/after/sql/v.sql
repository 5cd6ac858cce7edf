CREATE VIEW v WITH (security_barrier) AS SELECT id FROM users;
