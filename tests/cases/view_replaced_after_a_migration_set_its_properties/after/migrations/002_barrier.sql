ALTER VIEW ids SET (security_barrier = true);
