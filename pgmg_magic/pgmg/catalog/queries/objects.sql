-- Every object outside the system schemas: its address, the parts of its name, and what changes when its definition does.
-- Types are spelled under the search_path pg_catalog, so schema-qualified unless built in.
WITH space AS MATERIALIZED (
    SELECT n.oid, n.nspname::text AS name FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), member AS MATERIALIZED (
    SELECT d.classid, d.objid, e.extname::text AS extension
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::regclass
), relation AS MATERIALIZED (
    SELECT c.oid, c.relkind, s.name AS schema, c.relname::text AS name, c.relowner, c.xmin AS version, c.reloptions, c.reltoastrelid, c.reltablespace, c.relam,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'S' THEN 'sequence'
                WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END AS kind
    FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')
), found AS (
    SELECT 'pg_catalog.pg_class'::regclass::oid AS classid, r.oid AS objid, r.kind, r.schema, r.name, NULL::text[] AS arguments,
           p.kind AS parent_kind, p.schema AS parent_schema, p.name AS parent_name, NULL::text AS detail,
           CASE WHEN w.oid IS NULL THEN r.version::text  -- no part of a view's rule: the names of its columns, its options, where and how it is stored (2 is heap)
                ELSE concat(w.xmin, ':', md5((SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
                                              WHERE a.attrelid = r.oid AND a.attnum > 0)), ':' || md5(nullif(concat_ws(' ', r.reloptions, o.reloptions, nullif(r.reltablespace, 0), CASE WHEN r.relam NOT IN (0, 2) THEN r.relam END), ''))) END AS version, r.relowner AS owner, coalesce(i.indisvalid, true) AS valid
    FROM relation r
    LEFT JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid AND w.rulename = '_RETURN' AND r.relkind IN ('v', 'm')
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = r.oid AND r.relkind IN ('i', 'I')
    LEFT JOIN relation p ON p.oid = i.indrelid
    LEFT JOIN pg_catalog.pg_class o ON o.oid = r.reltoastrelid AND r.relkind = 'm'
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::regclass, f.oid, CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           s.name, f.proname::text,
           ARRAY(SELECT pg_catalog.format_type(t.type, NULL) FROM unnest(f.proargtypes) WITH ORDINALITY AS t(type, n) ORDER BY t.n),
           NULL, NULL, NULL, NULL, f.xmin::text, f.proowner, true
    FROM pg_catalog.pg_proc f JOIN space s ON s.oid = f.pronamespace
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, t.oid, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, s.name, t.typname::text,
           NULL, NULL, NULL, NULL, t.typtype::text,
           -- by OIDs: a type that is moved or renamed changes nothing here
           md5(concat_ws(E'\n', t.typtype,
               CASE WHEN t.typtype = 'e' THEN (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END,
               CASE WHEN t.typtype = 'c' THEN (SELECT string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod, nullif(a.attcollation, 0)), ',' ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END,
               CASE WHEN t.typtype = 'd' THEN (SELECT concat_ws(' ', t.typbasetype, t.typtypmod, t.typnotnull, t.typdefault, nullif(t.typcollation, 0),
                       string_agg(k.conname || k.conbin::text, ',' ORDER BY k.conname)) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid) END,
               CASE WHEN t.typtype = 'r' THEN (SELECT concat_ws(' ', r.rngsubtype, r.rngsubopc, r.rngcollation, r.rngcanonical, r.rngsubdiff)
                FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid) END)),
           t.typowner, true
    FROM pg_catalog.pg_type t JOIN space s ON s.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')
       OR (t.typtype = 'b' AND NOT (t.typelem <> 0 AND t.typlen = -1 AND t.typname ~ '^_'))
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::regclass, o.oid, 'operator', s.name, o.oprname::text,
           ARRAY[CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprleft, NULL) END,
                 CASE WHEN o.oprright = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprright, NULL) END],
           NULL, NULL, NULL, NULL, o.xmin::text, o.oprowner, true
    FROM pg_catalog.pg_operator o JOIN space s ON s.oid = o.oprnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::regclass, o.oid, 'operator_class', s.name, o.opcname::text, NULL, NULL, NULL, NULL, m.amname::text, o.xmin::text, o.opcowner, true
    FROM pg_catalog.pg_opclass o JOIN space s ON s.oid = o.opcnamespace JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::regclass, o.oid, 'operator_family', s.name, o.opfname::text, NULL, NULL, NULL, NULL, m.amname::text, o.xmin::text, o.opfowner, true
    FROM pg_catalog.pg_opfamily o JOIN space s ON s.oid = o.opfnamespace JOIN pg_catalog.pg_am m ON m.oid = o.opfmethod
    UNION ALL
    SELECT 'pg_catalog.pg_cast'::regclass, k.oid, 'cast', NULL, '', ARRAY[pg_catalog.format_type(k.castsource, NULL), pg_catalog.format_type(k.casttarget, NULL)],
           NULL, NULL, NULL, NULL, k.xmin::text, 10, true
    FROM pg_catalog.pg_cast k WHERE k.oid >= 16384
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::regclass, k.oid, 'collation', s.name, k.collname::text, NULL, NULL, NULL, NULL, NULL, k.xmin::text, k.collowner, true
    FROM pg_catalog.pg_collation k JOIN space s ON s.oid = k.collnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_parser'::regclass, k.oid, 'text_search_parser', s.name, k.prsname::text, NULL, NULL, NULL, NULL, NULL, k.xmin::text, 10, true
    FROM pg_catalog.pg_ts_parser k JOIN space s ON s.oid = k.prsnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_template'::regclass, k.oid, 'text_search_template', s.name, k.tmplname::text, NULL, NULL, NULL, NULL, NULL, k.xmin::text, 10, true
    FROM pg_catalog.pg_ts_template k JOIN space s ON s.oid = k.tmplnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::regclass, k.oid, 'text_search_dictionary', s.name, k.dictname::text, NULL, NULL, NULL, NULL, NULL, k.xmin::text, k.dictowner, true
    FROM pg_catalog.pg_ts_dict k JOIN space s ON s.oid = k.dictnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::regclass, k.oid, 'text_search_configuration', s.name, k.cfgname::text, NULL, NULL, NULL, NULL, NULL,
           concat(k.xmin, ':', (SELECT md5(string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ',' ORDER BY m.maptokentype, m.mapseqno))
                              FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = k.oid)), k.cfgowner, true
    FROM pg_catalog.pg_ts_config k JOIN space s ON s.oid = k.cfgnamespace
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::regclass, t.oid, 'trigger', NULL, t.tgname::text, NULL, r.kind, r.schema, r.name, NULL, t.xmin::text, r.relowner, true
    FROM pg_catalog.pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::regclass, w.oid, 'rule', NULL, w.rulename::text, NULL, r.kind, r.schema, r.name, NULL, w.xmin::text, r.relowner, true
    FROM pg_catalog.pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::regclass, d.oid, 'column_default', NULL, a.attname::text, NULL, r.kind, r.schema, r.name, NULL, d.xmin::text, r.relowner, true
    FROM pg_catalog.pg_attrdef d JOIN relation r ON r.oid = d.adrelid AND r.relkind = 'v' JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::regclass, p.oid, 'policy', NULL, p.polname::text, NULL, r.kind, r.schema, r.name, NULL, p.xmin::text, r.relowner, true
    FROM pg_catalog.pg_policy p JOIN relation r ON r.oid = p.polrelid
    UNION ALL
    SELECT 'pg_catalog.pg_event_trigger'::regclass, e.oid, 'event_trigger', NULL, e.evtname::text, NULL, NULL, NULL, NULL, NULL, e.xmin::text, e.evtowner, true
    FROM pg_catalog.pg_event_trigger e
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::regclass, k.oid, 'statistics', s.name, k.stxname::text, NULL, NULL, NULL, NULL, NULL, k.xmin::text, k.stxowner, true
    FROM pg_catalog.pg_statistic_ext k JOIN space s ON s.oid = k.stxnamespace
)
SELECT f.classid::int8, f.objid::int8, f.kind, f.schema, f.name, f.arguments, f.parent_kind, f.parent_schema, f.parent_name, f.detail,
       f.version, pg_catalog.pg_get_userbyid(f.owner)::text AS owner, m.extension, f.valid,
       -- a procedure may be named with its OUT parameters, too
       CASE WHEN f.kind = 'procedure' THEN (
           SELECT ARRAY(SELECT pg_catalog.format_type(t.type, NULL) FROM unnest(p.proallargtypes) WITH ORDINALITY AS t(type, n) ORDER BY t.n)
           FROM pg_catalog.pg_proc p WHERE p.oid = f.objid AND p.proallargtypes IS NOT NULL) END AS parameters
FROM found f LEFT JOIN member m ON m.classid = f.classid AND m.objid = f.objid
