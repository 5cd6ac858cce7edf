-- All of pg_depend below the given objects: what depends on them, on that, and so on. $1, $2: their catalogs and OIDs.
-- An internal dependency (a view's _RETURN rule, a row type) leads to its owner as well, as it would for DROP.
-- Before PostgreSQL 15 a generated column, not its expression, depends on what that uses, and is dropped without a word
-- (in pg_depend an 'a' at a column, which stands for nothing else): told here as later versions do.
-- A CHECK constraint that is declared and inherited as well can be dropped only after its parent's: told as if that one
-- depended on it.
-- A loose member of an operator family, which belongs to no class, is dropped with its operator or function without a
-- word: told as if the class depended on those whose type it is about.
WITH RECURSIVE loose AS MATERIALIZED (
    SELECT m.catalog, m.oid, (
        SELECT c.oid FROM pg_catalog.pg_opclass c
        WHERE c.opcfamily = m.family
          AND (c.opcintype IN (m.lefttype, m.righttype) OR NOT EXISTS (SELECT FROM pg_catalog.pg_opclass b WHERE b.opcfamily = m.family AND b.oid <> c.oid))
        ORDER BY c.opcintype = m.lefttype DESC, c.opcdefault DESC, c.oid LIMIT 1
    ) AS class
    FROM (
        SELECT 'pg_catalog.pg_amop'::regclass::oid AS catalog, a.oid, a.amopfamily AS family, a.amoplefttype AS lefttype, a.amoprighttype AS righttype
        FROM pg_catalog.pg_amop a WHERE a.oid >= 16384
        UNION ALL
        SELECT 'pg_catalog.pg_amproc'::regclass, a.oid, a.amprocfamily, a.amproclefttype, a.amprocrighttype
        FROM pg_catalog.pg_amproc a WHERE a.oid >= 16384
    ) m
    WHERE m.family >= 16384
      AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = m.catalog AND d.objid = m.oid AND d.refclassid = 'pg_catalog.pg_opfamily'::regclass AND d.deptype = 'a')
), reached(classid, objid) AS (
    SELECT s.classid, s.objid FROM unnest($1::oid[], $2::oid[]) AS s(classid, objid)
    UNION
    SELECT n.classid, n.objid
    FROM reached r CROSS JOIN LATERAL (
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
        WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype IN ('n', 'a', 'i', 'P', 'S')
          AND NOT (d.deptype = 'a' AND d.objsubid > 0 AND d.classid = 'pg_catalog.pg_class'::regclass)
        UNION ALL
        SELECT 'pg_catalog.pg_attrdef'::regclass, k.oid
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef k ON k.adrelid = d.objid AND k.adnum = d.objsubid
        WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype = 'a'
          AND d.classid = 'pg_catalog.pg_class'::regclass AND current_setting('server_version_num')::int < 150000
        UNION ALL
        SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
        WHERE d.classid = r.classid AND d.objid = r.objid AND d.deptype = 'i'
        UNION ALL
        SELECT r.classid, above.oid
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_inherits h ON h.inhrelid = k.conrelid
        JOIN pg_catalog.pg_constraint above ON above.conrelid = h.inhparent AND above.conname = k.conname AND above.contype = 'c'
        WHERE r.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.objid AND k.contype = 'c' AND k.conislocal AND k.coninhcount > 0
        UNION ALL
        SELECT 'pg_catalog.pg_opclass'::regclass, m.class FROM loose m WHERE m.catalog = r.classid AND m.oid = r.objid AND m.class IS NOT NULL
    ) n
), found AS (
    -- a join, not IN: reached is guessed so large that IN would be a search through all of it for each row
    SELECT d.* FROM reached r JOIN pg_catalog.pg_depend d ON d.classid = r.classid AND d.objid = r.objid
    JOIN reached x ON x.classid = d.refclassid AND x.objid = d.refobjid
    WHERE d.deptype <> 'e' AND NOT (d.deptype = 'a' AND d.objsubid > 0 AND d.classid = 'pg_catalog.pg_class'::regclass)
    UNION ALL
    SELECT d.* FROM reached r JOIN pg_catalog.pg_depend d ON d.classid = r.classid AND d.objid = r.objid
    WHERE d.deptype = 'e'
    UNION ALL
    SELECT r.classid, r.objid, 0, d.refclassid, d.refobjid, d.refobjsubid, 'n'
    FROM reached r JOIN pg_catalog.pg_attrdef k ON r.classid = 'pg_catalog.pg_attrdef'::regclass AND k.oid = r.objid
    JOIN pg_catalog.pg_depend d ON d.objid = k.adrelid AND d.objsubid = k.adnum
    JOIN reached x ON x.classid = d.refclassid AND x.objid = d.refobjid
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'a'
      AND current_setting('server_version_num')::int < 150000
    UNION ALL
    SELECT x.classid, x.objid, 0, r.classid, r.objid, 0, 'n'
    FROM reached r JOIN pg_catalog.pg_constraint k ON r.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.objid
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = k.conrelid
    JOIN pg_catalog.pg_constraint above ON above.conrelid = h.inhparent AND above.conname = k.conname AND above.contype = 'c'
    JOIN reached x ON x.classid = r.classid AND x.objid = above.oid
    WHERE k.contype = 'c' AND k.conislocal AND k.coninhcount > 0
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::regclass, m.class, 0, d.refclassid, d.refobjid, 0, 'n'
    FROM reached r JOIN loose m ON m.catalog = r.classid AND m.oid = r.objid AND m.class IS NOT NULL
    JOIN pg_catalog.pg_depend d ON d.classid = r.classid AND d.objid = r.objid AND d.refclassid <> 'pg_catalog.pg_opfamily'::regclass
    JOIN reached x ON x.classid = d.refclassid AND x.objid = d.refobjid
)
SELECT d.classid::int8, d.objid::int8, d.refclassid::int8, d.refobjid::int8, d.deptype::text,
       CASE WHEN d.refobjsubid > 0 THEN (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.refobjid AND a.attnum = d.refobjsubid) END AS ref_column,
       CASE WHEN d.objsubid > 0 THEN (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.objid AND a.attnum = d.objsubid) END AS own_column,
       CASE WHEN d.objsubid > 0 THEN (SELECT CASE WHEN a.attinhcount > 0 THEN 'inherited' ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END
                                      FROM pg_catalog.pg_attribute a WHERE a.attrelid = d.objid AND a.attnum = d.objsubid) END AS own_type
FROM found d
-- an inherited constraint is dropped and recreated with its parent's
WHERE d.deptype = 'P' OR NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid AND NOT k.conislocal)
ORDER BY 1, 2, 3, 4, 5, 6, 7
