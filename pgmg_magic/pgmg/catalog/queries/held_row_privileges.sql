-- What our role may do with what statements of migrations read, write and call. $1: schemas; $2 relations and
-- $3 routines, each as JSON: OID, privilege, columns ("*": all of them; none: any of them), unless it is strict.
-- kind and key of each; its owner; false; whether we are a member of it without its privileges; whether we may do it,
-- or nobody can tell: a rule may put something else in the place of the statement, a built-in routine may be meant.
SELECT 'usage', n.nspname::text, pg_catalog.pg_get_userbyid(n.nspowner)::text, false,
       pg_catalog.pg_has_role(n.nspowner, 'MEMBER') AND NOT pg_catalog.pg_has_role(n.nspowner, 'USAGE'),
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
FROM pg_catalog.pg_namespace n
WHERE n.nspname = ANY ($1::text[])
UNION ALL
SELECT 'rows', k.key, pg_catalog.pg_get_userbyid(c.relowner)::text, false,
       pg_catalog.pg_has_role(c.relowner, 'MEMBER') AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE'),
       NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
       OR pg_catalog.has_table_privilege(c.oid, k.need ->> 1)
       OR CASE WHEN k.need ->> 1 IN ('SELECT', 'INSERT', 'UPDATE') THEN
         pg_catalog.has_any_column_privilege(c.oid, k.need ->> 1)
         AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND (k.need -> 2 ? a.attname::text OR k.need -> 2 ? '*')
             AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, k.need ->> 1))
       ELSE false END
       OR EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid AND w.ev_type <> '1')
FROM (SELECT t.key, t.key::jsonb AS need FROM pg_catalog.unnest($2::text[]) AS t (key)) k
JOIN pg_catalog.pg_class c ON c.oid = (k.need ->> 0)::oid
UNION ALL
SELECT 'routine', k.key, pg_catalog.pg_get_userbyid(p.proowner)::text, false,
       pg_catalog.pg_has_role(p.proowner, 'MEMBER') AND NOT pg_catalog.pg_has_role(p.proowner, 'USAGE'),
       NOT pg_catalog.has_schema_privilege(p.pronamespace, 'USAGE')
       OR pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
       OR (p.proisstrict AND (k.need ->> 3)::boolean)
       OR EXISTS (SELECT FROM pg_catalog.pg_proc o WHERE o.proname = p.proname AND o.oid <> p.oid)
FROM (SELECT t.key, t.key::jsonb AS need FROM pg_catalog.unnest($3::text[]) AS t (key)) k
JOIN pg_catalog.pg_proc p ON p.oid = (k.need ->> 0)::oid
