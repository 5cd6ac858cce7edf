-- What a server offers to databases, of the kinds of needed_of_server.sql.
SELECT 'extension', e.name::text
FROM pg_catalog.pg_available_extensions e
UNION
SELECT 'tablespace', s.spcname::text
FROM pg_catalog.pg_tablespace s
UNION
SELECT 'locale', o.collcollate::text
FROM pg_catalog.pg_collation o
WHERE o.collprovider = 'c'
ORDER BY 1, 2
