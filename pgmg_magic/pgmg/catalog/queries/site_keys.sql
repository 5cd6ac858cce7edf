-- Constraints of tables, with the columns on both sides of foreign keys. $1: OIDs in pg_class.
SELECT k.conrelid::int8, k.contype::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid),
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n(num, at)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num ORDER BY n.at),
       nullif(k.confrelid, 0)::int8,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS n(num, at)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.num ORDER BY n.at)
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND (k.contype <> 'f' OR k.conparentid = 0)
ORDER BY k.conrelid, array_position(ARRAY['p', 'u', 'f', 'c', 'x'], k.contype::text), k.conname
