-- Who may do what with every object that users made, and with languages; columns included.
WITH object AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid AS classid, c.oid AS objid, c.relacl AS acl, c.relowner AS owner, CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END AS type
    FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, f.oid, f.proacl, f.proowner, 'f' FROM pg_catalog.pg_proc f WHERE f.oid >= 16384
    UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typacl, t.typowner, 'T' FROM pg_catalog.pg_type t WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'r', 'c', 'b')
    UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, n.oid, n.nspacl, n.nspowner, 'n' FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION ALL SELECT 'pg_catalog.pg_language'::regclass, l.oid, l.lanacl, l.lanowner, 'l' FROM pg_catalog.pg_language l
)
SELECT o.classid::int8, o.objid::int8, NULL::text AS column, pg_catalog.pg_get_userbyid(a.grantor)::text, CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
       a.privilege_type, a.is_grantable
FROM object o CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(o.type, o.owner))) a
UNION ALL
SELECT 'pg_catalog.pg_class'::regclass::oid::int8, c.oid::int8, t.attname::text, pg_catalog.pg_get_userbyid(a.grantor)::text, CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END,
       a.privilege_type, a.is_grantable
FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
WHERE t.attacl IS NOT NULL AND c.oid >= 16384
