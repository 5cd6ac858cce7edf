-- Which of some types ($1: OIDs) have values of which no hash can be had (json, xml, point, money …), also inside arrays,
-- domains, ranges and composite types. Values that have a hash are compared by it: equal values have equal hashes.
WITH RECURSIVE part(root, type) AS (
    SELECT t.type, t.type FROM unnest($1::oid[]) AS t(type)
    UNION
    SELECT p.root, i.type
    FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type
    CROSS JOIN LATERAL (
        SELECT t.typbasetype WHERE t.typtype = 'd'
        UNION ALL
        SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
        UNION ALL
        SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid OR r.rngmultitypid = t.oid
        UNION ALL
        SELECT a.atttypid FROM pg_catalog.pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS i(type)
)
SELECT DISTINCT p.root::int8
FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type
WHERE t.typtype = 'p'
   OR (t.typtype = 'b'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
       AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname = 'hash'
           JOIN pg_catalog.pg_amproc f ON f.amprocfamily = o.opcfamily AND f.amproclefttype = o.opcintype AND f.amprocnum = 2
           WHERE o.opcdefault
             AND (o.opcintype = t.oid
                  OR EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.castsource = t.oid AND c.casttarget = o.opcintype
                                                              AND c.castmethod = 'b' AND c.castcontext = 'i'))))
ORDER BY 1
