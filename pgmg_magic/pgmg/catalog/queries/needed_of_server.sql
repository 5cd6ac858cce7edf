-- What the database has that a server must offer before the database can be built there: kind and name.
SELECT 'extension', e.extname::text
FROM pg_catalog.pg_extension e
UNION
SELECT 'tablespace', s.spcname::text
FROM pg_catalog.pg_tablespace s
WHERE s.oid IN (SELECT c.reltablespace FROM pg_catalog.pg_class c WHERE NOT c.relisshared)
UNION
SELECT 'locale', o.collcollate::text
FROM pg_catalog.pg_collation o
WHERE o.collprovider = 'c' AND o.oid >= 16384  -- the first OID of what users create (chapter 'System Catalog Declarations')
ORDER BY 1, 2
