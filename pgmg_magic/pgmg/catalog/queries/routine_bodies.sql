-- Routines in SQL and PL/pgSQL whose bodies are strings, without those of extensions and of the server.
-- Types are spelled with their schemas. For trigger functions, the tables of their triggers.
SELECT p.oid, p.proname::text, l.lanname::text, p.prosrc,
       coalesce((SELECT array_agg(ARRAY[coalesce(p.proargnames[a.n], ''),
                                        pg_catalog.format_type(a.type, NULL),
                                        coalesce(p.proargmodes[a.n]::text, 'i')] ORDER BY a.n)
                 FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a(type, n)),
                ARRAY[]::text[]),
       coalesce(p.proconfig, ARRAY[]::text[]),
       pg_catalog.format_type(p.prorettype, NULL),
       coalesce((SELECT array_agg(ARRAY[t.tgrelid::regclass::text, coalesce(t.tgoldtable, '')::text,
                                        coalesce(t.tgnewtable, '')::text] ORDER BY t.tgrelid, t.tgname)
                 FROM pg_catalog.pg_trigger t WHERE t.tgfoid = p.oid AND t.tgparentid = 0), ARRAY[]::text[])
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p') AND p.prosqlbody IS NULL
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(temp|toast)'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY n.nspname, p.proname, p.oid
