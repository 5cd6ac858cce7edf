CREATE VIEW shown WITH (security_barrier = true) AS SELECT n FROM totals;
