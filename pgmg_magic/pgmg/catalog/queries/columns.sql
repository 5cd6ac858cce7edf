-- The columns of the given relations in order; of views also their query. $1: OIDs in pg_class. Then, as objects of lists
-- by column: what generated columns are computed from, and the attributes of columns of composite types.
-- Read under the search_path pg_catalog, so that a query qualifies whatever it names (rule 6.2).
SELECT c.oid::int8,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       CASE WHEN c.relkind IN ('v', 'm') THEN rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') END,
       (SELECT jsonb_object_agg(g.attname, g.made_from)
        FROM (SELECT a.attname, jsonb_agg(b.attname ORDER BY b.attnum) AS made_from
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
              JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
                AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid <> a.attnum
              JOIN pg_catalog.pg_attribute b ON b.attrelid = d.refobjid AND b.attnum = d.refobjsubid
              WHERE a.attrelid = c.oid AND a.attgenerated <> '' AND d.refobjsubid > 0
              GROUP BY a.attname) AS g),
       (SELECT jsonb_object_agg(m.attname, m.attributes)
        FROM (SELECT a.attname, jsonb_agg(b.attname ORDER BY b.attnum) AS attributes
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typtype = 'c'
              JOIN pg_catalog.pg_attribute b ON b.attrelid = t.typrelid AND b.attnum > 0 AND NOT b.attisdropped
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              GROUP BY a.attname) AS m)
FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])
