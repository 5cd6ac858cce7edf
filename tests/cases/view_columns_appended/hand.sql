GRANT SELECT ON names TO PUBLIC;
ALTER VIEW names SET (security_barrier);
