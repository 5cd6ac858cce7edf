ALTER VIEW v SET (security_invoker = true, security_barrier = true);
