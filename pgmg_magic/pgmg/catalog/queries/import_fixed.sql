-- Which objects of declarable kinds cannot be files of their own, and why? An empty reason: they come with another object.
SELECT d.classid::int8, d.objid::int8, ''::text AS reason
FROM pg_catalog.pg_depend d
WHERE d.classid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_cast'::regclass) AND d.deptype = 'i' AND d.refclassid = 'pg_catalog.pg_type'::regclass
UNION ALL
-- indexes of tables, and of what constraints are made of
SELECT 'pg_catalog.pg_class'::regclass::int8, i.indexrelid::int8, ''
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid WHERE c.relkind <> 'm' AND i.indexrelid >= 16384
UNION ALL
SELECT 'pg_catalog.pg_class'::regclass::int8, w.ev_class::int8, 'it is a continuous aggregate of TimescaleDB: CREATE VIEW would not make it one'
FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace s ON s.oid = k.relnamespace
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = k.oid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
WHERE s.nspname = '_timescaledb_internal' AND k.relkind = 'r' AND k.relname ~ '^_materialized_hypertable_[0-9]+$'
UNION ALL
SELECT 'pg_catalog.pg_type'::regclass::int8, t.oid::int8, 'a base type is made of functions that need it first'
FROM pg_catalog.pg_type t WHERE t.typtype = 'b' AND t.oid >= 16384 AND NOT (t.typelem <> 0 AND t.typlen = -1 AND t.typname ~ '^_')
UNION ALL
SELECT 'pg_catalog.pg_type'::regclass::int8, r.rngtypid::int8, 'its canonical function needs the type first'
FROM pg_catalog.pg_range r WHERE r.rngtypid >= 16384 AND r.rngcanonical::oid <> 0
UNION ALL
SELECT d.refclassid::int8, d.refobjid::int8, 'it belongs to ' || pg_catalog.pg_describe_object(d.classid, d.objid, 0)
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_type t ON d.classid = 'pg_catalog.pg_type'::regclass AND t.oid = d.objid
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'n' AND d.refobjid >= 16384
  AND (d.classid IN ('pg_catalog.pg_language'::regclass, 'pg_catalog.pg_foreign_data_wrapper'::regclass, 'pg_catalog.pg_am'::regclass,
                     'pg_catalog.pg_conversion'::regclass, 'pg_catalog.pg_transform'::regclass)
       OR t.typtype = 'b' OR r.rngcanonical::oid = d.refobjid)
UNION ALL
-- what a table's definition may use without naming it: casts by their functions, operator classes by default
SELECT DISTINCT coalesce(k.tableoid, d.refclassid)::int8, coalesce(k.oid, d.refobjid)::int8, 'a table uses it without naming it'
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_opclass o ON d.refclassid = 'pg_catalog.pg_opclass'::regclass AND o.oid = d.refobjid
LEFT JOIN pg_catalog.pg_cast k ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND k.castfunc = d.refobjid AND k.oid >= 16384
LEFT JOIN pg_catalog.pg_index i ON d.classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = d.objid
LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(i.indrelid, CASE WHEN d.classid = 'pg_catalog.pg_class'::regclass THEN d.objid END)
WHERE d.refobjid >= 16384
  AND (d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_attrdef'::regclass) OR c.relkind IN ('r', 'p', 'f'))
  AND (k.oid IS NOT NULL OR o.opcdefault)
