-- Functions that are volatile, by schema and name, with every number of arguments that they can be called with.
-- $1: names.
SELECT n.nspname::text, p.proname::text, g.number
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL pg_catalog.generate_series((p.pronargs - p.pronargdefaults)::int4, p.pronargs::int4) g (number)
WHERE p.proname = ANY ($1::text[]) AND p.provolatile = 'v'
ORDER BY 1, 2, 3
