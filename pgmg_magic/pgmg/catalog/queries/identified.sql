-- Which of the given objects exist. $1, $2: their catalogs and OIDs.
SELECT w.classid::int8, w.objid::int8
FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
CROSS JOIN LATERAL pg_catalog.pg_identify_object(w.classid, w.objid, 0) i
WHERE i.identity IS NOT NULL
