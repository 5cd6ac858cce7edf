-- Which of some constraints and column defaults are older than the current transaction, whose own rows carry its
-- transaction ID or that of a savepoint. $1, $2: catalogs and OIDs.
WITH wanted AS (
    SELECT w.classid, w.objid FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
)
SELECT w.classid::int8, w.objid::int8 FROM wanted w
JOIN pg_catalog.pg_constraint k ON k.oid = w.objid AND w.classid = 'pg_catalog.pg_constraint'::regclass
WHERE age(k.xmin) > age(pg_current_xact_id()::xid)
UNION ALL
SELECT w.classid::int8, w.objid::int8 FROM wanted w
JOIN pg_catalog.pg_attrdef d ON d.oid = w.objid AND w.classid = 'pg_catalog.pg_attrdef'::regclass
WHERE age(d.xmin) > age(pg_current_xact_id()::xid)
