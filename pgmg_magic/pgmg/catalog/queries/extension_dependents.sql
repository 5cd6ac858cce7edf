-- Which routines depend on an extension by ALTER … DEPENDS ON EXTENSION, as statements that say so again.
-- Read under the search_path pg_catalog.
SELECT d.classid::int8, d.objid::int8, format('ALTER ROUTINE %s DEPENDS ON EXTENSION %I', i.identity, e.extname) AS statement
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x'
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
WHERE d.classid = 'pg_catalog.pg_proc'::regclass
ORDER BY 1, 2, 3
