-- What some objects of partitioned tables have on the partitions, as statements: indexes and constraints of their own,
-- made before the object, which takes them for its parts. `attach` follows where it would not find them by itself.
-- `part_of_table` is the partition. $1, $2: catalogs and OIDs. Read under the search_path pg_catalog.
WITH RECURSIVE part(classid, objid, part_class, part_oid, depth) AS (
    SELECT w.classid, w.objid, w.classid, w.objid, 0 FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
    WHERE w.classid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_constraint'::regclass)
    UNION ALL
    SELECT p.classid, p.objid, d.classid, d.objid, p.depth + 1
    FROM part p JOIN pg_catalog.pg_depend d ON d.refclassid = p.part_class AND d.refobjid = p.part_oid AND d.deptype = 'P' AND d.classid = p.part_class
), index AS MATERIALIZED (
    SELECT p.*, c.relname, c.relkind, i.indrelid, pg_catalog.pg_get_indexdef(c.oid) AS definition,
           -- the server would not find the part: it is not there, or another index of the partition is like it
           c.relkind = 'I' AND (NOT i.indisvalid OR EXISTS (
               SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index own ON own.indexrelid = h.inhrelid
               JOIN pg_catalog.pg_index twin ON twin.indrelid = own.indrelid AND twin.indexrelid <> own.indexrelid
               WHERE h.inhparent = c.oid AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits x WHERE x.inhrelid = twin.indexrelid)
                 AND (twin.indisunique, twin.indnkeyatts, twin.indkey::text, twin.indclass::text, twin.indcollation::text) = (own.indisunique, own.indnkeyatts, own.indkey::text, own.indclass::text, own.indcollation::text)
           )) AS is_exact
    FROM part p JOIN pg_catalog.pg_class c ON c.oid = p.part_oid JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    WHERE p.part_class = 'pg_catalog.pg_class'::regclass
), found AS (
    SELECT x.classid, x.objid, -x.depth::numeric AS rank, 'partition' AS aspect, x.part_oid::regclass::text AS subject,
           CASE WHEN x.is_exact THEN x.definition ELSE replace(x.definition, format('INDEX %I ON ONLY ', x.relname), format('INDEX %I ON ', x.relname)) END AS statement,
           x.indrelid::regclass::text AS part_of_table
    FROM index x WHERE x.depth > 0
    UNION ALL
    SELECT x.classid, x.objid, CASE x.depth WHEN 0 THEN 15 ELSE 0.5 - x.depth END, CASE x.depth WHEN 0 THEN 'attach' ELSE 'partition' END, h.inhrelid::regclass::text,
           format('ALTER INDEX %s ATTACH PARTITION %s', h.inhparent::regclass, h.inhrelid::regclass), (SELECT i.indrelid::regclass::text FROM pg_catalog.pg_index i WHERE i.indexrelid = h.inhrelid)
    FROM index x JOIN pg_catalog.pg_inherits h ON h.inhparent = x.part_oid WHERE x.is_exact
    UNION ALL
    SELECT p.classid, p.objid, -p.depth, 'partition', k.conname::text,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_catalog.pg_get_constraintdef(k.oid)), k.conrelid::regclass::text
    FROM part p JOIN pg_catalog.pg_constraint k ON k.oid = p.part_oid
    JOIN pg_catalog.pg_constraint above ON above.oid = k.conparentid
    WHERE p.part_class = 'pg_catalog.pg_constraint'::regclass AND p.depth > 0
      -- a foreign key gives its own name to those of partitions; those for partitions of what it refers to are its own affair
      AND (k.contype IN ('p', 'u') OR (k.contype = 'f' AND k.conname <> above.conname AND k.confrelid = above.confrelid))
    UNION ALL
    -- the server does not compare exclusion constraints, and makes new ones: they get the names of those that were there
    SELECT p.classid, p.objid, 12 + p.depth / 100.0, 'attach', k.conname::text,
           format('DO %L', format('DECLARE made name; BEGIN SELECT k.conname INTO STRICT made FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_constraint whole ON whole.oid = k.conparentid'
                                  ' WHERE k.conrelid = %L::regclass AND whole.conname = %L; IF made <> %L THEN EXECUTE format(%L, made); END IF; END',
                                  k.conrelid::regclass, above.conname, k.conname, format('ALTER TABLE %s RENAME CONSTRAINT %%I TO %I', k.conrelid::regclass, k.conname))), k.conrelid::regclass::text
    FROM part p JOIN pg_catalog.pg_constraint k ON k.oid = p.part_oid JOIN pg_catalog.pg_constraint above ON above.oid = k.conparentid
    WHERE p.part_class = 'pg_catalog.pg_constraint'::regclass AND p.depth > 0 AND k.contype = 'x'
)
SELECT f.classid::int8, f.objid::int8, f.rank, f.aspect, f.subject, f.statement, NULL::text AS role, true AS allowed, NULL::text AS undo, f.part_of_table
FROM found f ORDER BY 1, 2, 3, 5, 6
