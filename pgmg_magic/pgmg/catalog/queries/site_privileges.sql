-- Privileges on relations, their columns, routines and types: by role, in order. $1, $2: catalogs and OIDs.
WITH asked AS MATERIALIZED (
    SELECT w.classid, w.objid FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
), acl AS (
    SELECT a.classid, a.objid, NULL::text AS col, coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner)) AS items
    FROM asked a JOIN pg_catalog.pg_class c ON c.oid = a.objid WHERE a.classid = 'pg_catalog.pg_class'::regclass
    UNION ALL
    SELECT a.classid, a.objid, t.attname::text, t.attacl
    FROM asked a JOIN pg_catalog.pg_attribute t ON t.attrelid = a.objid AND t.attacl IS NOT NULL AND NOT t.attisdropped
    WHERE a.classid = 'pg_catalog.pg_class'::regclass
    UNION ALL
    SELECT a.classid, a.objid, NULL, coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))
    FROM asked a JOIN pg_catalog.pg_proc f ON f.oid = a.objid WHERE a.classid = 'pg_catalog.pg_proc'::regclass
    UNION ALL
    SELECT a.classid, a.objid, NULL, coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
    FROM asked a JOIN pg_catalog.pg_type t ON t.oid = a.objid WHERE a.classid = 'pg_catalog.pg_type'::regclass
)
SELECT a.classid::int8, a.objid::int8, a.col, CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.grantee)::text END,
       array_agg(DISTINCT x.privilege_type || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END)
FROM acl a CROSS JOIN LATERAL pg_catalog.aclexplode(a.items) x
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3 NULLS FIRST, 4
