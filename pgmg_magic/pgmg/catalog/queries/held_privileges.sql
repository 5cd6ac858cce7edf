-- What our role may do with what a plan touches. $1: roles, $2: schemas, $3: the state schema, $4: tables in it.
-- kind and name of each; its owner; whether we have the owner's privileges, are a member of it at all, have the
-- privilege itself: CREATE of schemas and of the database, writing of tables.
SELECT 'role', r.rolname::text, r.rolname::text,
       pg_catalog.pg_has_role(r.oid, 'USAGE'), pg_catalog.pg_has_role(r.oid, 'MEMBER'), false
FROM pg_catalog.pg_roles r
WHERE r.rolname = ANY ($1::text[])
UNION ALL
SELECT 'schema', n.nspname::text, pg_catalog.pg_get_userbyid(n.nspowner)::text,
       pg_catalog.pg_has_role(n.nspowner, 'USAGE'), pg_catalog.pg_has_role(n.nspowner, 'MEMBER'),
       pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
FROM pg_catalog.pg_namespace n
WHERE n.nspname = ANY ($2::text[])
UNION ALL
SELECT 'table', c.relname::text, pg_catalog.pg_get_userbyid(c.relowner)::text,
       pg_catalog.pg_has_role(c.relowner, 'USAGE'), pg_catalog.pg_has_role(c.relowner, 'MEMBER'),
       pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
       AND pg_catalog.has_table_privilege(c.oid, 'UPDATE') AND pg_catalog.has_table_privilege(c.oid, 'DELETE')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $3 AND c.relname = ANY ($4::text[])
UNION ALL
SELECT 'database', d.datname::text, pg_catalog.pg_get_userbyid(d.datdba)::text,
       pg_catalog.pg_has_role(d.datdba, 'USAGE'), pg_catalog.pg_has_role(d.datdba, 'MEMBER'),
       pg_catalog.has_database_privilege(d.oid, 'CREATE')
FROM pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database()
