-- The views pg_stat_statements, that of the extension first: its name in SQL, whether we may read it, when it began to
-- count (there is pg_stat_statements_info from PostgreSQL 14 on); without one, one row that says what the server has.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
  pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
  (SELECT pg_catalog.format('%I.%I', n.nspname, i.relname) FROM pg_catalog.pg_class AS i
   WHERE i.relnamespace = n.oid AND i.relname = 'pg_stat_statements_info'
     AND pg_catalog.has_table_privilege(i.oid, 'SELECT'))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_depend AS d
  ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
WHERE c.relname = 'pg_stat_statements' AND c.relkind IN ('v', 'm', 'r', 'f') AND n.nspname !~ '^pg_temp'
ORDER BY d.objid IS NULL, n.nspname
LIMIT 1
