-- What others compile against, and whatever else decides between an in-place change and a recreation (rule 5).
-- $1, $2: catalogs and OIDs. One JSON object each; types spelled under the search_path pg_catalog.
WITH wanted AS MATERIALIZED (
    SELECT w.classid, w.objid FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
)
SELECT NULL::int8, NULL::int8, NULL::jsonb WHERE false
-- about pg_class
UNION ALL
SELECT w.classid::int8, w.objid::int8,
       jsonb_build_object('columns', (SELECT coalesce(jsonb_agg(jsonb_build_array(a.attname, a.atttypid::int8, a.atttypmod, a.attcollation::int8, pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum), '[]')
                                      FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                          'options', (SELECT coalesce(jsonb_agg(x.o), '[]') FROM (SELECT o FROM unnest(c.reloptions) o UNION ALL SELECT 'toast.' || o FROM unnest(t.reloptions) o WHERE c.relkind = 'm') x
                                      WHERE x.o !~ '^(toast\.)?pg_'),
                          'populated', c.relispopulated, 'partitioned', c.relkind IN ('p', 'I')) AS facts
FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.objid LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid WHERE w.classid = 'pg_catalog.pg_class'::regclass
-- about pg_proc
UNION ALL
SELECT w.classid::int8, w.objid::int8,
       jsonb_build_object('types', (SELECT coalesce(jsonb_agg(pg_catalog.format_type(t.type, NULL) ORDER BY t.n), '[]') FROM unnest(coalesce(f.proallargtypes, f.proargtypes::oid[])) WITH ORDINALITY AS t(type, n)),
                          'modes', to_jsonb(f.proargmodes::text[]), 'names', to_jsonb(f.proargnames), 'defaults', f.pronargdefaults,
                          'arguments', pg_catalog.pg_get_function_arguments(f.oid), 'result', pg_catalog.format_type(f.prorettype, NULL), 'set', f.proretset, 'window', f.prokind = 'w',
                          'aggregate', (SELECT to_jsonb(a) FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = f.oid),
                          'state_type', (SELECT pg_catalog.format_type(a.aggtranstype, NULL) FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = f.oid))
FROM wanted w JOIN pg_catalog.pg_proc f ON f.oid = w.objid WHERE w.classid = 'pg_catalog.pg_proc'::regclass
-- about pg_type
UNION ALL
SELECT w.classid::int8, w.objid::int8,
       jsonb_build_object('form', t.typtype::text,
           'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
           'attributes', (SELECT jsonb_agg(jsonb_build_array(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> at.typcollation THEN a.attcollation::regcollation::text END) ORDER BY a.attnum)
                          FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type at ON at.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
           'base', CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
           'collation', CASE WHEN t.typtype = 'd' AND t.typcollation <> (SELECT b.typcollation FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype) THEN t.typcollation::regcollation::text END,
           'default', t.typdefault, 'not_null', t.typnotnull,
           'constraints', (SELECT jsonb_agg(jsonb_build_array(k.conname, pg_catalog.pg_get_constraintdef(k.oid)) ORDER BY k.conname) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
           'subtype', (SELECT pg_catalog.format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid),
           -- clauses of a range that the server chooses by itself where nobody states them
           'implied', (SELECT to_jsonb(array_remove(ARRAY[CASE WHEN o.opcdefault THEN 'subtype_opclass' END,
                                                          CASE WHEN r.rngcollation = b.typcollation THEN 'collation' END,
                                                          CASE WHEN m.typnamespace = t.typnamespace AND m.typname = x.multirange THEN 'multirange_type_name' END], NULL))
                       FROM pg_catalog.pg_range r JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc JOIN pg_catalog.pg_type b ON b.oid = r.rngsubtype
                       JOIN pg_catalog.pg_type m ON m.oid = r.rngmultitypid
                       CROSS JOIN LATERAL (SELECT CASE WHEN strpos(t.typname, 'range') > 0 THEN (overlay(t.typname::text PLACING 'multirange' FROM strpos(t.typname, 'range') FOR 5))::name
                                                       ELSE (left(t.typname::text, 52) || '_multirange')::name END AS multirange) x
                       WHERE r.rngtypid = t.oid))
FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = w.objid WHERE w.classid = 'pg_catalog.pg_type'::regclass
-- about pg_policy
UNION ALL
SELECT w.classid::int8, w.objid::int8,
       jsonb_build_object('command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END, 'permissive', p.polpermissive,
                          'roles', (SELECT jsonb_agg(CASE WHEN x.r = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(x.r)::text END ORDER BY x.o) FROM unnest(p.polroles) WITH ORDINALITY AS x(r, o)),
                          'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
FROM wanted w JOIN pg_catalog.pg_policy p ON p.oid = w.objid WHERE w.classid = 'pg_catalog.pg_policy'::regclass
-- about pg_trigger
UNION ALL
SELECT w.classid::int8, w.objid::int8, jsonb_build_object('constraint', t.tgconstraint <> 0, 'enabled', t.tgenabled::text)
FROM wanted w JOIN pg_catalog.pg_trigger t ON t.oid = w.objid WHERE w.classid = 'pg_catalog.pg_trigger'::regclass
-- about pg_collation
UNION ALL
-- what CREATE COLLATION … FROM may have copied
SELECT w.classid::int8, w.objid::int8,
       jsonb_build_object('same_as', (SELECT jsonb_agg(format('%s.%s', s.nspname, o.collname)) FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace s ON s.oid = o.collnamespace
                                      WHERE o.oid <> k.oid AND to_jsonb(o) - x.own = to_jsonb(k) - x.own))
FROM wanted w JOIN pg_catalog.pg_collation k ON k.oid = w.objid CROSS JOIN (SELECT '{oid,collname,collnamespace,collowner,collencoding,collversion}'::text[] AS own) x
WHERE w.classid = 'pg_catalog.pg_collation'::regclass
-- about pg_ts_config
UNION ALL
-- what CREATE TEXT SEARCH CONFIGURATION (COPY = …) may have copied
SELECT w.classid::int8, w.objid::int8,
       jsonb_build_object('same_as', (SELECT jsonb_agg(format('%s.%s', s.nspname, o.cfgname)) FROM pg_catalog.pg_ts_config o JOIN pg_catalog.pg_namespace s ON s.oid = o.cfgnamespace
                                      CROSS JOIN LATERAL (SELECT array_agg((m.maptokentype, m.mapseqno, m.mapdict)::text ORDER BY m.maptokentype, m.mapseqno) AS map FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = o.oid) theirs
                                      WHERE o.oid <> k.oid AND o.cfgparser = k.cfgparser AND theirs.map IS NOT DISTINCT FROM own.map))
FROM wanted w JOIN pg_catalog.pg_ts_config k ON k.oid = w.objid
CROSS JOIN LATERAL (SELECT array_agg((m.maptokentype, m.mapseqno, m.mapdict)::text ORDER BY m.maptokentype, m.mapseqno) AS map FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = k.oid) own
WHERE w.classid = 'pg_catalog.pg_ts_config'::regclass
-- about all
