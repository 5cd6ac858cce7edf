-- Relations that forecasts of locks are about, with all that decides how far a statement reaches.
-- $1: names of relations, indexes and statistics; $2: schemas as a whole; $3: names of types whose users count;
-- $4: whether TRUNCATE … CASCADE follows foreign keys to their end; $5: names of views that LOCK TABLE locks with all
-- that their queries read, which only the tree of the query tells: pg_depend knows nothing of ONLY.
WITH RECURSIVE asked AS (
  SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE (c.relname = ANY ($1::text[]) OR n.nspname = ANY ($2::text[]))
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION
  SELECT s.stxrelid FROM pg_catalog.pg_statistic_ext s WHERE s.stxname = ANY ($1::text[])
  UNION
  SELECT a.attrelid
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND NOT a.attisdropped
  WHERE t.typname = ANY ($3::text[])
  UNION
  SELECT c.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.reloftype = t.oid
  WHERE t.typname = ANY ($3::text[])
), locked AS (
  SELECT c.oid AS view, NULL::oid AS read, NULL::boolean AS tree
  FROM pg_catalog.pg_class c WHERE c.relname = ANY ($5::text[])
  UNION
  SELECT v.oid, pg_catalog.split_part(t.part, ' ', 1)::oid, coalesce(pg_catalog.substring(t.part, ':inh (true|false)'), '') <> 'false'
  FROM locked l
  JOIN pg_catalog.pg_class v ON v.oid = coalesce(l.read, l.view) AND v.relkind = 'v'
  JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid AND w.rulename = '_RETURN',
  LATERAL pg_catalog.unnest(pg_catalog.string_to_array(w.ev_action::text, ':rtekind 0 :relid ')) WITH ORDINALITY t (part, n)
  WHERE t.n > 1 AND pg_catalog.split_part(t.part, ' ', 1) <> v.oid::text
), keyed AS (
  SELECT a.oid FROM asked a
  UNION
  SELECT CASE WHEN f.conrelid = k.oid THEN f.confrelid ELSE f.conrelid END
  FROM keyed k JOIN pg_catalog.pg_constraint f ON f.contype = 'f' AND (f.conrelid = k.oid OR f.confrelid = k.oid)
  WHERE $4::boolean
), partners AS (
  SELECT k.oid FROM keyed k
  UNION
  SELECT CASE WHEN f.conrelid = k.oid THEN f.confrelid ELSE f.conrelid END
  FROM keyed k JOIN pg_catalog.pg_constraint f ON f.contype = 'f' AND (f.conrelid = k.oid OR f.confrelid = k.oid)
), reached AS (
  SELECT p.oid FROM partners p
  UNION
  SELECT l.read FROM locked l WHERE l.read IS NOT NULL
  UNION
  SELECT x.oid FROM reached r, LATERAL (
    SELECT i.indrelid AS oid FROM pg_catalog.pg_index i WHERE i.indexrelid = r.oid
    UNION ALL
    SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = r.oid
    UNION ALL
    SELECT h.inhparent FROM pg_catalog.pg_inherits h WHERE h.inhrelid = r.oid
    UNION ALL
    SELECT w.ev_class
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjid = r.oid AND w.ev_class <> r.oid
  ) x
)
SELECT
  c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
  coalesce(m.amname::text, ''), coalesce(s.spcname::text, ''),
  CASE
    WHEN c.relkind NOT IN ('r', 'm') THEN NULL
    WHEN c.reltuples >= 0 OR c.relpages > 0
      THEN (c.relpages::int8 + coalesce(o.relpages, 0)) * pg_catalog.current_setting('block_size')::int8
    -- never counted: files are measured, unless somebody keeps them locked
    WHEN NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      WHERE l.locktype = 'relation' AND l.relation IN (c.oid, o.oid) AND l.mode = 'AccessExclusiveLock'
    ) THEN pg_catalog.pg_relation_size(c.oid) + coalesce(pg_catalog.pg_relation_size(o.oid), 0)
  END,
  CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::int8 END,
  c.relispartition,
  coalesce((SELECT pg_catalog.array_agg(h.inhparent::int8) FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid), '{}'),
  coalesce((SELECT p.partdefid::int8 FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = c.oid), 0),
  (SELECT i.indrelid::int8 FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid),
  (SELECT t.typname::text FROM pg_catalog.pg_type t WHERE t.oid = c.reloftype),
  (SELECT pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_array(w.ev_class::int8, a.attname))
   FROM pg_catalog.pg_depend d
   JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
   LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
   WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
     AND d.refobjid = c.oid AND w.ev_class <> c.oid),
  CASE WHEN c.relkind = 'v' AND c.oid IN (SELECT coalesce(l.read, l.view) FROM locked l) THEN coalesce(
    (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(l.read::int8, l.tree))
     FROM locked l WHERE l.view = c.oid AND l.read IS NOT NULL), '[]') END,
  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
     a.attname, a.atttypid::int8, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation::int8, a.attnotnull
   ))
   FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND c.relkind IN ('r', 'p', 'f') AND c.oid IN (SELECT k.oid FROM asked k)),
  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
     k.conname, k.contype, k.convalidated, k.confrelid::int8,
     (SELECT pg_catalog.jsonb_agg(a.attname) FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)),
     CASE k.contype WHEN 'c' THEN pg_catalog.pg_get_constraintdef(k.oid) ELSE '' END,
     (SELECT u.conname FROM pg_catalog.pg_constraint u
      WHERE k.contype = 'f' AND u.conindid = k.conindid AND u.contype IN ('p', 'u') AND u.conrelid = k.confrelid),
     k.conparentid <> 0, k.connoinherit
   ))
   FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f', 'n', 'p', 'u', 'x')),
  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
     x.relname,
     (SELECT pg_catalog.jsonb_agg(a.attname) FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)),
     (SELECT pg_catalog.jsonb_agg(DISTINCT a.attname)
      FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = c.oid
        AND d.refobjsubid > 0 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
   ))
   FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid),
  (SELECT pg_catalog.array_agg(e.stxname::text) FROM pg_catalog.pg_statistic_ext e WHERE e.stxrelid = c.oid)
FROM reached r
JOIN pg_catalog.pg_class c ON c.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class o ON o.oid = c.reltoastrelid
LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I')
ORDER BY 2, 3
