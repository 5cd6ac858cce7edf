-- The search_path that each role has in this database unless it sets another one, the most specific one that is set.
SELECT r.rolname::text, coalesce(
  (SELECT pg_catalog.split_part(c.setting, '=', 2)
   FROM pg_catalog.pg_db_role_setting AS s
   CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
   WHERE s.setrole IN (0, r.oid) AND s.setdatabase IN (0, d.oid) AND c.setting LIKE 'search\_path=%'
   ORDER BY s.setrole = 0, s.setdatabase = 0
   LIMIT 1), p.boot_val)
FROM pg_catalog.pg_roles AS r
CROSS JOIN (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS d
CROSS JOIN (SELECT boot_val FROM pg_catalog.pg_settings WHERE name = 'search_path') AS p
