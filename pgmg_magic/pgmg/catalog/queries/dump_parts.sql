-- What pg_dump lists as an entry of its own although it is a part of something else: the part, the whole, and the table
-- that a foreign key refers to.
SELECT 'pg_catalog.pg_constraint'::regclass::int8 AS classid, c.oid::int8 AS objid,
       CASE WHEN c.conrelid <> 0 THEN 'pg_catalog.pg_class'::regclass ELSE 'pg_catalog.pg_type'::regclass END::int8,
       CASE WHEN c.conrelid <> 0 THEN c.conrelid ELSE c.contypid END::int8, nullif(c.confrelid, 0)::int8
FROM pg_catalog.pg_constraint c WHERE c.conrelid <> 0 OR c.contypid <> 0
UNION ALL
SELECT 'pg_catalog.pg_attrdef'::regclass::int8, d.oid::int8, 'pg_catalog.pg_class'::regclass::int8, d.adrelid::int8, NULL
FROM pg_catalog.pg_attrdef d
UNION ALL
SELECT 'pg_catalog.pg_class'::regclass::int8, i.indexrelid::int8, 'pg_catalog.pg_class'::regclass::int8, i.indrelid::int8, NULL
FROM pg_catalog.pg_index i
UNION ALL
SELECT 'pg_catalog.pg_class'::regclass::int8, d.objid::int8, 'pg_catalog.pg_class'::regclass::int8, d.refobjid::int8, NULL
FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid
WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') AND d.classid = 'pg_catalog.pg_class'::regclass
  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
UNION ALL
SELECT 'pg_catalog.pg_trigger'::regclass::int8, t.oid::int8, 'pg_catalog.pg_class'::regclass::int8, t.tgrelid::int8, NULL
FROM pg_catalog.pg_trigger t
UNION ALL
SELECT 'pg_catalog.pg_policy'::regclass::int8, p.oid::int8, 'pg_catalog.pg_class'::regclass::int8, p.polrelid::int8, NULL
FROM pg_catalog.pg_policy p
UNION ALL
SELECT 'pg_catalog.pg_rewrite'::regclass::int8, r.oid::int8, 'pg_catalog.pg_class'::regclass::int8, r.ev_class::int8, NULL
FROM pg_catalog.pg_rewrite r
UNION ALL
SELECT 'pg_catalog.pg_statistic_ext'::regclass::int8, s.oid::int8, 'pg_catalog.pg_class'::regclass::int8, s.stxrelid::int8, NULL
FROM pg_catalog.pg_statistic_ext s
