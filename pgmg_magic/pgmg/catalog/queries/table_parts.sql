-- Constraints, column defaults, indexes and extended statistics that use routines, types and the like made by users:
-- they are dropped along with those by CASCADE, while their relation stays. With the relation's name and kind.
-- OIDs below 16384 belong to the server itself (FirstNormalObjectId).
WITH dependent AS MATERIALIZED (
    SELECT DISTINCT d.classid, d.objid FROM pg_catalog.pg_depend d
    WHERE d.deptype = 'n' AND d.refobjid >= 16384
      AND d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_attrdef'::regclass,
                        'pg_catalog.pg_class'::regclass, 'pg_catalog.pg_statistic_ext'::regclass)
      AND d.refclassid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_namespace'::regclass,
                               'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_extension'::regclass)
), part AS (
WITH relation AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' ELSE 'table' END AS kind
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
)
SELECT 'pg_catalog.pg_constraint'::regclass::oid AS classid, k.oid AS objid, 'constraint' AS part_kind, r.nspname::text AS schema, r.relname::text AS relation, r.kind, k.conname::text AS name
FROM pg_catalog.pg_constraint k JOIN relation r ON r.oid = k.conrelid WHERE k.conislocal
UNION ALL
SELECT 'pg_catalog.pg_attrdef'::regclass::oid, d.oid, 'column_default', r.nspname::text, r.relname::text, r.kind, a.attname::text
FROM pg_catalog.pg_attrdef d JOIN relation r ON r.oid = d.adrelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
UNION ALL
SELECT 'pg_catalog.pg_class'::regclass::oid, c.oid, 'index', r.nspname::text, r.relname::text, r.kind, c.relname::text
FROM pg_catalog.pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'pg_catalog.pg_statistic_ext'::regclass::oid, s.oid, 'statistics', r.nspname::text, r.relname::text, r.kind, s.stxname::text
FROM pg_catalog.pg_statistic_ext s JOIN relation r ON r.oid = s.stxrelid
)
SELECT p.classid::int8, p.objid::int8, p.part_kind, p.schema, p.relation, p.kind, p.name
FROM part p JOIN dependent d ON d.classid = p.classid AND d.objid = p.objid
ORDER BY 1, 2
