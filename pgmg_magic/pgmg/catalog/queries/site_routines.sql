-- Signatures of routines: arguments with names and defaults, result, language. $1: OIDs in pg_proc.
SELECT f.oid::int8, format('(%s)%s, language %s', pg_catalog.pg_get_function_arguments(f.oid),
       ' returns ' || pg_catalog.pg_get_function_result(f.oid), l.lanname)
FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_language l ON l.oid = f.prolang
WHERE f.oid = ANY ($1::oid[])
