-- Tables that hold rows: ordinary ones and partitions, not those of the server, of extensions, or of pgmg ($1 schemas,
-- $2 names). Columns that are not generated; whether the role may read them all; whether policies hide rows from it.
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), greatest(c.reltuples, 0)::double precision,
  array(SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
  pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
  pg_catalog.row_security_active(c.oid)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT (n.nspname = ANY ($1) AND c.relname = ANY ($2))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 2
