-- Types: those that are named ($1, as to_regtype reads them) and those of columns ($2, names of relations).
-- A domain is followed down to its base; its modifiers are those of the last domain that has some.
WITH RECURSIVE wanted AS (
  SELECT pg_catalog.to_regtype(q.name)::oid AS type, q.name FROM pg_catalog.unnest($1::text[]) q (name)
  UNION
  SELECT a.atttypid, NULL
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  WHERE c.relname = ANY ($2::text[]) AND a.attnum > 0 AND NOT a.attisdropped
), walk AS (
  SELECT w.type AS start, w.type, ''::text AS spelled, false AS checked FROM wanted w WHERE w.type IS NOT NULL
  UNION
  SELECT
    k.start, t.typbasetype,
    CASE WHEN t.typtypmod >= 0 THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) ELSE k.spelled END,
    k.checked OR t.typnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint x WHERE x.contypid = t.oid)
  FROM walk k JOIN pg_catalog.pg_type t ON t.oid = k.type WHERE t.typtype = 'd'
), ends AS (
  SELECT k.* FROM walk k JOIN pg_catalog.pg_type t ON t.oid = k.type WHERE t.typtype <> 'd'
)
SELECT w.name, e.start::int8, e.type::int8, pg_catalog.format_type(e.type, NULL), e.spelled, e.checked
FROM ends e JOIN wanted w ON w.type = e.start
ORDER BY 1, 2
