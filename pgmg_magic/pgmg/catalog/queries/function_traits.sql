-- Names of functions and types, by what they tell of queries that use them: `sets` return sets of rows, `aggregates` are
-- aggregates, `results` and `types` have columns. One row a name and kind; names of several lists are left out.
SELECT 'sets', p.proname::text, NULL::text[] FROM pg_catalog.pg_proc p WHERE p.proretset GROUP BY p.proname
UNION ALL
SELECT 'aggregates', p.proname::text, NULL FROM pg_catalog.pg_proc p WHERE p.prokind = 'a' GROUP BY p.proname
UNION ALL
SELECT 'results', r.name, min(r.columns)
FROM (SELECT p.proname::text AS name,
             CASE WHEN p.proargmodes && '{o,b,t}'::"char"[]
                  THEN ARRAY(SELECT p.proargnames[a.n] FROM unnest(p.proargmodes) WITH ORDINALITY AS a(mode, n)
                             WHERE a.mode IN ('o', 'b', 't') ORDER BY a.n)
                  WHEN t.typtype = 'c'
                  THEN ARRAY(SELECT b.attname::text FROM pg_catalog.pg_attribute b
                             WHERE b.attrelid = t.typrelid AND b.attnum > 0 AND NOT b.attisdropped ORDER BY b.attnum)
                  ELSE '{}'::text[] END AS columns
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.prorettype) AS r
GROUP BY r.name HAVING count(DISTINCT r.columns) = 1 AND cardinality(min(r.columns)) > 1
UNION ALL
SELECT 'types', r.name, min(r.columns)
FROM (SELECT t.typname::text AS name,
             ARRAY(SELECT b.attname::text FROM pg_catalog.pg_attribute b
                   WHERE b.attrelid = t.typrelid AND b.attnum > 0 AND NOT b.attisdropped ORDER BY b.attnum) AS columns
      FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
      WHERE t.typtype = 'c' AND c.relkind = 'c') AS r
GROUP BY r.name HAVING count(DISTINCT r.columns) = 1
ORDER BY 1, 2
