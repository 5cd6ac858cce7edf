-- What belongs to a materialized view without its name saying so: indexes, extended statistics.
SELECT 'pg_catalog.pg_class'::regclass::int8, i.indexrelid::int8, 'pg_catalog.pg_class'::regclass::int8, i.indrelid::int8
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid WHERE c.relkind = 'm'
UNION ALL
SELECT 'pg_catalog.pg_statistic_ext'::regclass::int8, s.oid::int8, 'pg_catalog.pg_class'::regclass::int8, s.stxrelid::int8
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid WHERE c.relkind = 'm'
