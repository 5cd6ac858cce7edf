-- How each of the given objects would be dropped and made again, as the database itself spells it.
-- $1, $2: catalogs and OIDs. Read under the search_path pg_catalog (rule 6.2), so that all names are qualified.
WITH wanted AS MATERIALIZED (
    SELECT w.classid, w.objid, w.n FROM unnest($1::oid[], $2::oid[]) WITH ORDINALITY AS w(classid, objid, n)
), named AS MATERIALIZED (
    SELECT w.*, i.type, i.schema, i.name, i.identity
    FROM wanted w CROSS JOIN LATERAL pg_catalog.pg_identify_object(w.classid, w.objid, 0) i
), made AS (
    -- views and materialized views
    SELECT n.classid, n.objid, concat('DROP ', upper(n.type), ' ', n.identity) AS dropping,
           concat('CREATE ', upper(n.type), ' ', n.identity,
                  ' USING ' || quote_ident(CASE WHEN c.relkind = 'm' THEN nullif(m.amname, current_setting('default_table_access_method')) END),
                  ' WITH (' || (SELECT string_agg(format('%I=%s', split_part(o, '=', 1), quote_literal(substr(o, strpos(o, '=') + 1))), ', ') FROM unnest(c.reloptions) o) || ')',
                  ' TABLESPACE ' || quote_ident(t.spcname),
                  E' AS\n', rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'), CASE WHEN c.relkind = 'm' THEN E'\nWITH NO DATA' END) AS creating,
           NULL::text AS kept_by, c.relispopulated AS populated
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
    LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('v', 'm')
    UNION ALL
    -- of a partitioned table's index without ONLY, so that its parts come along
    SELECT n.classid, n.objid, concat('DROP INDEX ', n.identity),
           replace(pg_catalog.pg_get_indexdef(c.oid), format('INDEX %I ON ONLY ', c.relname), format('INDEX %I ON ', c.relname)), NULL, true
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('i', 'I')
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP ', upper(n.type), ' ', n.identity), NULL, 'it holds data', true
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('r', 'p', 'f', 'S')
    UNION ALL
    -- routines
    SELECT n.classid, n.objid, concat('DROP ', CASE f.prokind WHEN 'a' THEN 'AGGREGATE ' WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END,
               format('%I.%I(%s)', s.nspname, f.proname, CASE WHEN f.prokind = 'a' AND f.pronargs = 0 THEN '*' ELSE pg_catalog.pg_get_function_identity_arguments(f.oid) END)),
           CASE WHEN f.prokind <> 'a' THEN rtrim(pg_catalog.pg_get_functiondef(f.oid), E'\n')
                ELSE (SELECT concat('CREATE AGGREGATE ', format('%I.%I(%s)', s.nspname, f.proname, coalesce(nullif(pg_catalog.pg_get_function_arguments(f.oid), ''), '*')),
                        ' (SFUNC = ', a.aggtransfn::regproc, ', STYPE = ', pg_catalog.format_type(a.aggtranstype, NULL),
                        ', SSPACE = ' || nullif(a.aggtransspace, 0),
                        ', FINALFUNC = ' || nullif(a.aggfinalfn::oid, 0)::regproc, CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' END,
                        CASE WHEN a.aggfinalfn::oid <> 0 THEN concat(', FINALFUNC_MODIFY = ', CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END) END,
                        ', COMBINEFUNC = ' || nullif(a.aggcombinefn::oid, 0)::regproc, ', SERIALFUNC = ' || nullif(a.aggserialfn::oid, 0)::regproc,
                        ', DESERIALFUNC = ' || nullif(a.aggdeserialfn::oid, 0)::regproc, ', INITCOND = ' || quote_literal(a.agginitval),
                        ', MSFUNC = ' || nullif(a.aggmtransfn::oid, 0)::regproc, ', MINVFUNC = ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
                        CASE WHEN a.aggmtransfn::oid <> 0 THEN concat(', MSTYPE = ', pg_catalog.format_type(a.aggmtranstype, NULL)) END,
                        ', MSSPACE = ' || nullif(a.aggmtransspace, 0), ', MFINALFUNC = ' || nullif(a.aggmfinalfn::oid, 0)::regproc,
                        CASE WHEN a.aggmfinalextra THEN ', MFINALFUNC_EXTRA' END, ', MINITCOND = ' || quote_literal(a.aggminitval),
                        ', SORTOP = OPERATOR(' || (SELECT format('%I.%s', os.nspname, o.oprname) FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace os ON os.oid = o.oprnamespace WHERE o.oid = a.aggsortop) || ')',
                        CASE f.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' END,
                        CASE WHEN a.aggkind = 'h' THEN ', HYPOTHETICAL' END, ')')
                      FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = f.oid) END,
           CASE WHEN f.prokind <> 'a' AND f.prolang IN (SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'internal') THEN 'it is internal to the server' END, true
    FROM named n JOIN pg_catalog.pg_proc f ON f.oid = n.objid JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace
    WHERE n.classid = 'pg_catalog.pg_proc'::regclass
    UNION ALL
    -- types
    SELECT n.classid, n.objid, concat('DROP ', CASE t.typtype WHEN 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END, n.identity),
           CASE t.typtype
               WHEN 'e' THEN (SELECT concat('CREATE TYPE ', n.identity, ' AS ENUM (', string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder), ')') FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
               WHEN 'c' THEN (SELECT concat('CREATE TYPE ', n.identity, ' AS (', string_agg(concat(quote_ident(a.attname), ' ', pg_catalog.format_type(a.atttypid, a.atttypmod),
                                  CASE WHEN a.attcollation NOT IN (0, at.typcollation) THEN (SELECT format(' COLLATE %I.%I', cs.nspname, co.collname) FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cs ON cs.oid = co.collnamespace WHERE co.oid = a.attcollation) END), ', ' ORDER BY a.attnum), ')')
                              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type at ON at.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
               WHEN 'd' THEN concat('CREATE DOMAIN ', n.identity, ' AS ', pg_catalog.format_type(t.typbasetype, t.typtypmod),
                                  CASE WHEN t.typcollation <> (SELECT b.typcollation FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype) THEN (SELECT format(' COLLATE %I.%I', cs.nspname, co.collname) FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cs ON cs.oid = co.collnamespace WHERE co.oid = t.typcollation) END,
                                  ' DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN ' NOT NULL' END,
                                  (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), '' ORDER BY k.conname) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
               WHEN 'r' THEN (SELECT concat('CREATE TYPE ', n.identity, ' AS RANGE (SUBTYPE = ', pg_catalog.format_type(r.rngsubtype, NULL),
                                  (SELECT format(', SUBTYPE_OPCLASS = %I.%I', os.nspname, o.opcname) FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace os ON os.oid = o.opcnamespace WHERE o.oid = r.rngsubopc),
                                  (SELECT format(', COLLATION = %I.%I', cs.nspname, co.collname) FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cs ON cs.oid = co.collnamespace WHERE co.oid = r.rngcollation),
                                  ', CANONICAL = ' || nullif(r.rngcanonical::oid, 0)::regproc, ', SUBTYPE_DIFF = ' || nullif(r.rngsubdiff::oid, 0)::regproc,
                                  (SELECT format(', MULTIRANGE_TYPE_NAME = %I.%I', ms.nspname, mt.typname) FROM pg_catalog.pg_type mt JOIN pg_catalog.pg_namespace ms ON ms.oid = mt.typnamespace WHERE mt.oid = r.rngmultitypid), ')')
                              FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
           END, NULL, true
    FROM named n JOIN pg_catalog.pg_type t ON t.oid = n.objid LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE n.classid = 'pg_catalog.pg_type'::regclass AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
    UNION ALL
    -- what stands on a relation
    SELECT n.classid, n.objid, format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass), pg_catalog.pg_get_triggerdef(t.oid), NULL, true
    FROM named n JOIN pg_catalog.pg_trigger t ON t.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_trigger'::regclass AND NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT n.classid, n.objid, format('DROP RULE %I ON %s', w.rulename, w.ev_class::regclass), rtrim(pg_catalog.pg_get_ruledef(w.oid), ';'), NULL, true
    FROM named n JOIN pg_catalog.pg_rewrite w ON w.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_rewrite'::regclass AND w.rulename <> '_RETURN'
    UNION ALL
    SELECT n.classid, n.objid, format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass),
           concat(format('CREATE POLICY %I ON %s', p.polname, p.polrelid::regclass), CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' END,
                  ' TO ' || (SELECT string_agg(CASE WHEN x.r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(x.r)) END, ', ' ORDER BY x.o) FROM unnest(p.polroles) WITH ORDINALITY AS x(r, o)),
                  ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'), NULL, true
    FROM named n JOIN pg_catalog.pg_policy p ON p.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_policy'::regclass
    UNION ALL
    SELECT n.classid, n.objid,
           CASE WHEN k.contypid <> 0 THEN format('ALTER DOMAIN %s DROP CONSTRAINT %I', k.contypid::regtype, k.conname) ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) END,
           CASE WHEN k.contypid <> 0 THEN format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', k.contypid::regtype, k.conname, pg_catalog.pg_get_constraintdef(k.oid))
                ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_catalog.pg_get_constraintdef(k.oid)) END,
           CASE WHEN k.conislocal IS FALSE AND k.conrelid <> 0 THEN 'it is inherited' END, true
    FROM named n JOIN pg_catalog.pg_constraint k ON k.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_constraint'::regclass
    UNION ALL
    SELECT n.classid, n.objid, format('ALTER %s %s ALTER COLUMN %I DROP DEFAULT', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, d.adrelid::regclass, a.attname),
           format('ALTER %s %s ALTER COLUMN %I SET DEFAULT %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, d.adrelid::regclass, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid)),
           CASE WHEN a.attgenerated <> '' THEN 'it is a generated column' END, true
    FROM named n JOIN pg_catalog.pg_attrdef d ON d.oid = n.objid JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
    WHERE n.classid = 'pg_catalog.pg_attrdef'::regclass
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP STATISTICS ', n.identity), pg_catalog.pg_get_statisticsobjdef(n.objid), NULL, true
    FROM named n WHERE n.classid = 'pg_catalog.pg_statistic_ext'::regclass
    UNION ALL
    -- operators, casts, collations, event triggers
    SELECT n.classid, n.objid, concat('DROP OPERATOR ', CASE WHEN o.oprleft = 0 THEN format('%I.%s (NONE, %s)', s.nspname, o.oprname, pg_catalog.format_type(o.oprright, NULL)) ELSE n.identity END),
           concat('CREATE OPERATOR ', format('%I.%s', s.nspname, o.oprname), ' (FUNCTION = ', nullif(o.oprcode::oid, 0)::regproc,
                  ', LEFTARG = ' || CASE WHEN o.oprleft <> 0 THEN pg_catalog.format_type(o.oprleft, NULL) END, ', RIGHTARG = ' || CASE WHEN o.oprright <> 0 THEN pg_catalog.format_type(o.oprright, NULL) END,
                  ', COMMUTATOR = OPERATOR(' || (SELECT format('%I.%s', xs.nspname, x.oprname) FROM pg_catalog.pg_operator x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.oprnamespace WHERE x.oid = o.oprcom) || ')',
                  ', NEGATOR = OPERATOR(' || (SELECT format('%I.%s', xs.nspname, x.oprname) FROM pg_catalog.pg_operator x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.oprnamespace WHERE x.oid = o.oprnegate) || ')',
                  ', RESTRICT = ' || nullif(o.oprrest::oid, 0)::regproc, ', JOIN = ' || nullif(o.oprjoin::oid, 0)::regproc,
                  CASE WHEN o.oprcanhash THEN ', HASHES' END, CASE WHEN o.oprcanmerge THEN ', MERGES' END, ')'), NULL, true
    FROM named n JOIN pg_catalog.pg_operator o ON o.oid = n.objid JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
    WHERE n.classid = 'pg_catalog.pg_operator'::regclass
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP CAST ', n.identity),
           concat('CREATE CAST ', n.identity, CASE k.castmethod WHEN 'f' THEN format(' WITH FUNCTION %s', k.castfunc::regprocedure) WHEN 'i' THEN ' WITH INOUT' ELSE ' WITHOUT FUNCTION' END,
                  CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' END), NULL, true
    FROM named n JOIN pg_catalog.pg_cast k ON k.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_cast'::regclass
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP EVENT TRIGGER ', n.identity),
           concat('CREATE EVENT TRIGGER ', n.identity, ' ON ', e.evtevent, ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(x), ', ') FROM unnest(e.evttags) x) || ')', ' EXECUTE FUNCTION ', e.evtfoid::regproc, '()'), NULL, true
    FROM named n JOIN pg_catalog.pg_event_trigger e ON e.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_event_trigger'::regclass
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP ', upper(n.type), ' ', n.identity), NULL, NULL, true
    FROM named n
    WHERE n.classid IN ('pg_catalog.pg_opclass'::regclass, 'pg_catalog.pg_opfamily'::regclass, 'pg_catalog.pg_collation'::regclass, 'pg_catalog.pg_ts_parser'::regclass,
                        'pg_catalog.pg_ts_template'::regclass, 'pg_catalog.pg_ts_dict'::regclass, 'pg_catalog.pg_ts_config'::regclass)
)
SELECT n.classid::int8, n.objid::int8, n.type, n.schema, n.name, n.identity,
       CASE WHEN d.oid IS NULL THEN a.object_names ELSE ARRAY[n.schema, d.typname::text, k.conname::text] END, m.dropping, m.creating, m.kept_by, coalesce(m.populated, true) AS populated
FROM named n LEFT JOIN made m ON m.classid = n.classid AND m.objid = n.objid
CROSS JOIN LATERAL pg_catalog.pg_identify_object_as_address(n.classid, n.objid, 0) a
LEFT JOIN pg_catalog.pg_constraint k ON n.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = n.objid LEFT JOIN pg_catalog.pg_type d ON d.oid = k.contypid
WHERE n.identity IS NOT NULL
ORDER BY n.n
