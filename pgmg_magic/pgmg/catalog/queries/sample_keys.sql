-- Foreign keys of tables that hold rows: both tables, whether the referenced one is partitioned, and the condition that
-- joins a row t with the row r that it refers to. Those that the server made for single referenced partitions are left
-- out: the row is in one of these.
SELECT c.conrelid, pg_catalog.format('%I.%I', rn.nspname, r.relname), r.relkind = 'p',
  (SELECT pg_catalog.string_agg(
     pg_catalog.format('r.%I OPERATOR(%I.%s) t.%I', ra.attname, opn.nspname, o.oprname, ta.attname), ' AND ' ORDER BY k.n)
   FROM ROWS FROM (pg_catalog.unnest(c.confkey), pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.conpfeqop))
     WITH ORDINALITY AS k (referenced, own, operator, n)
   JOIN pg_catalog.pg_attribute AS ra ON ra.attrelid = c.confrelid AND ra.attnum = k.referenced
   JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid = c.conrelid AND ta.attnum = k.own
   JOIN pg_catalog.pg_operator AS o ON o.oid = k.operator
   JOIN pg_catalog.pg_namespace AS opn ON opn.oid = o.oprnamespace),
  (SELECT pg_catalog.string_agg(pg_catalog.format('t.%I IS NOT NULL', ta.attname), ' AND ')
   FROM pg_catalog.unnest(c.conkey) AS k (own)
   JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid = c.conrelid AND ta.attnum = k.own)
FROM pg_catalog.pg_constraint AS c
JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid AND t.relkind = 'r'
JOIN pg_catalog.pg_class AS r ON r.oid = c.confrelid
JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
WHERE c.contype = 'f' AND c.convalidated
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
ORDER BY c.oid
