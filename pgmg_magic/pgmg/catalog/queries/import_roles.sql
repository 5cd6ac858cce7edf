-- Roles that own, were granted or grant something in this database.
SELECT DISTINCT r.rolname::text
FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass
  AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = current_database())
  AND r.rolname !~ '^pg_'
UNION
SELECT current_user::text
ORDER BY 1
