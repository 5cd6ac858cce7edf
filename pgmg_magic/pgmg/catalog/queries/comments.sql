-- All comments on objects that users made, on their columns, and on what belongs to the database: extensions and
-- languages may have come with it. Those of a composite type's relation count as the type's.
SELECT (CASE WHEN c.oid IS NULL THEN d.classoid ELSE 'pg_catalog.pg_type'::regclass END)::int8, coalesce(c.reltype, d.objoid)::int8, a.attname::text, d.description
FROM pg_catalog.pg_description d
LEFT JOIN pg_catalog.pg_attribute a ON d.classoid = 'pg_catalog.pg_class'::regclass AND a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
LEFT JOIN pg_catalog.pg_class c ON d.classoid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objoid AND c.relkind = 'c'
WHERE d.objoid >= 16384
   OR d.classoid IN ('pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_extension'::regclass, 'pg_catalog.pg_language'::regclass)
