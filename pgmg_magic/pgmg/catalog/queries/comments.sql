-- All comments on objects that users made, and on their columns; those of a composite type's relation count as the type's.
SELECT (CASE WHEN c.oid IS NULL THEN d.classoid ELSE 'pg_catalog.pg_type'::regclass END)::int8, coalesce(c.reltype, d.objoid)::int8, a.attname::text, d.description
FROM pg_catalog.pg_description d
LEFT JOIN pg_catalog.pg_attribute a ON d.classoid = 'pg_catalog.pg_class'::regclass AND a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
LEFT JOIN pg_catalog.pg_class c ON d.classoid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objoid AND c.relkind = 'c'
WHERE d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::regclass
