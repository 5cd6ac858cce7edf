-- Comments on objects, on columns of relations, and on attributes of composite types. $1, $2: catalogs and OIDs.
WITH asked AS MATERIALIZED (
    SELECT w.classid, w.objid FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
)
SELECT a.classid::int8, a.objid::int8, NULL::text, d.description
FROM asked a JOIN pg_catalog.pg_description d ON d.classoid = a.classid AND d.objoid = a.objid AND d.objsubid = 0
UNION ALL
SELECT r.classid::int8, r.objid::int8, t.attname::text, d.description
FROM (
    SELECT a.classid, a.objid, a.objid AS relid FROM asked a WHERE a.classid = 'pg_catalog.pg_class'::regclass
    UNION ALL
    SELECT a.classid, a.objid, y.typrelid FROM asked a JOIN pg_catalog.pg_type y ON y.oid = a.objid
    WHERE a.classid = 'pg_catalog.pg_type'::regclass AND y.typrelid <> 0
) r
JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = r.relid AND d.objsubid > 0
JOIN pg_catalog.pg_attribute t ON t.attrelid = r.relid AND t.attnum = d.objsubid
