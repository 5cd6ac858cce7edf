-- Which relations the asking role does not read as the owner of a view does that reads them: because the asking role may
-- not read them, or because other row security policies hold. $1: roles, $2: schemas, $3: names of relations, by number.
SELECT a.role, a.schema, a.name,
       NOT (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT')) AS lacks_rights
FROM unnest($1::text[], $2::text[], $3::text[]) AS a(role, schema, name)
JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.name
JOIN pg_catalog.pg_roles o ON o.rolname = a.role
JOIN pg_catalog.pg_roles m ON m.rolname = current_user
CROSS JOIN LATERAL (
    SELECT c.relrowsecurity AND NOT (o.rolsuper OR o.rolbypassrls)
             AND (c.relforcerowsecurity OR NOT pg_has_role(o.oid, c.relowner, 'USAGE')) AS for_owner,
           c.relrowsecurity AND NOT (m.rolsuper OR m.rolbypassrls)
             AND (c.relforcerowsecurity OR NOT pg_has_role(m.oid, c.relowner, 'USAGE')) AS for_me
) AS security
WHERE o.oid <> m.oid
  AND (NOT (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
       OR security.for_owner IS DISTINCT FROM security.for_me
       OR (security.for_owner AND security.for_me))
ORDER BY 1, 2, 3
