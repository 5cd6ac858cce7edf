-- How each of the given objects would be dropped and recreated, as the database itself spells it.
-- `creating` is one text, for comparisons; `restoring` are the statements to send where one does not do.
-- $1, $2: catalogs and OIDs. $3: for people to read, without needless parentheses and qualifications.
-- Otherwise read under the search_path pg_catalog (rule 6.2), so that all names are qualified.
WITH wanted AS MATERIALIZED (
    SELECT w.classid, w.objid, w.n FROM unnest($1::oid[], $2::oid[]) WITH ORDINALITY AS w(classid, objid, n)
), named AS MATERIALIZED (
    SELECT w.*, i.type, i.schema, i.name, i.identity
    FROM wanted w CROSS JOIN LATERAL pg_catalog.pg_identify_object(w.classid, w.objid, 0) i
    WHERE i.identity IS NOT NULL
), continuous AS MATERIALIZED (
    -- views of TimescaleDB that are no views: they read the hypertable in which the extension keeps their rows
    SELECT w.ev_class
    FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace s ON s.oid = k.relnamespace
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = k.oid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
    WHERE s.nspname = '_timescaledb_internal' AND k.relkind = 'r' AND k.relname ~ '^_materialized_hypertable_[0-9]+$'
), made(classid, objid, dropping, creating, kept_by, populated, restoring) AS (
    SELECT NULL::oid, NULL::oid, NULL::text, NULL::text, NULL::text, $3::boolean, NULL::text[] WHERE false
    -- about pg_class
    UNION ALL
    -- views and materialized views
    SELECT n.classid, n.objid, concat('DROP ', upper(n.type), ' ', n.identity) AS dropping,
           concat('CREATE ', upper(n.type), ' ', n.identity,
                  ' USING ' || quote_ident(CASE WHEN c.relkind = 'm' THEN nullif(m.amname, current_setting('default_table_access_method')) END),
                  -- options that begin with pg_ are the server's own (rule 6.0)
                  ' WITH (' || (SELECT string_agg(format('%s%I=%s', x.space, split_part(x.o, '=', 1), quote_literal(substr(x.o, strpos(x.o, '=') + 1))), ', ')
                                FROM (SELECT '' AS space, o FROM unnest(c.reloptions) o UNION ALL SELECT 'toast.', o FROM unnest(x.reloptions) o WHERE c.relkind = 'm') x WHERE x.o !~ '^pg_') || ')',
                  ' TABLESPACE ' || quote_ident(t.spcname),
                  E' AS\n', rtrim(pg_catalog.pg_get_viewdef(c.oid, $3), ';'), CASE WHEN c.relkind = 'm' THEN E'\nWITH NO DATA' END) AS creating,
           CASE WHEN c.oid IN (SELECT k.ev_class FROM continuous k) THEN 'it is a continuous aggregate of TimescaleDB, and its rows would be lost' END AS kept_by,
           c.relispopulated AS populated, NULL::text[] AS restoring
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
    LEFT JOIN pg_catalog.pg_class x ON x.oid = c.reltoastrelid
    LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('v', 'm')
    -- about pg_class
    UNION ALL
    -- of a partitioned table's index without ONLY, so that its parts come along; but not where some partition has none
    SELECT n.classid, n.objid, concat('DROP INDEX ', n.identity),
           replace(CASE WHEN t.spcname IS NULL OR right(x.text, length(x.condition)) <> x.condition THEN x.text
                        ELSE concat(left(x.text, length(x.text) - length(x.condition)), format(' TABLESPACE %I', t.spcname), x.condition) END,
                   format('INDEX %I ON ONLY ', c.relname), format('INDEX %I ON ', c.relname)), NULL, true,
           CASE WHEN c.relkind = 'I' AND (NOT i.indisvalid OR EXISTS (
               SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index own ON own.indexrelid = h.inhrelid
               JOIN pg_catalog.pg_index twin ON twin.indrelid = own.indrelid AND twin.indexrelid <> own.indexrelid
               WHERE h.inhparent = c.oid AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits x WHERE x.inhrelid = twin.indexrelid)
                 AND (twin.indisunique, twin.indnkeyatts, twin.indkey::text, twin.indclass::text, twin.indcollation::text) = (own.indisunique, own.indnkeyatts, own.indkey::text, own.indclass::text, own.indcollation::text)
           )) THEN ARRAY[pg_catalog.pg_get_indexdef(c.oid)] END
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
    CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(c.oid, 0, $3), coalesce(' WHERE ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid, $3), '')) x (text, condition)
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('i', 'I')
    -- about pg_class
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP ', upper(n.type), ' ', n.identity), NULL, 'it holds data', true, NULL
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('r', 'p', 'f', 'S')
    -- about pg_proc
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
           CASE WHEN f.prokind <> 'a' AND f.prolang IN (SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'internal') THEN 'it is internal to the server' END, true, NULL
    FROM named n JOIN pg_catalog.pg_proc f ON f.oid = n.objid JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace
    WHERE n.classid = 'pg_catalog.pg_proc'::regclass
    -- about pg_type
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
                                  (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid, $3)), '' ORDER BY k.conname) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
               WHEN 'r' THEN (SELECT concat('CREATE TYPE ', n.identity, ' AS RANGE (SUBTYPE = ', pg_catalog.format_type(r.rngsubtype, NULL),
                                  (SELECT format(', SUBTYPE_OPCLASS = %I.%I', os.nspname, o.opcname) FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace os ON os.oid = o.opcnamespace WHERE o.oid = r.rngsubopc),
                                  (SELECT format(', COLLATION = %I.%I', cs.nspname, co.collname) FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cs ON cs.oid = co.collnamespace WHERE co.oid = r.rngcollation),
                                  ', CANONICAL = ' || nullif(r.rngcanonical::oid, 0)::regproc, ', SUBTYPE_DIFF = ' || nullif(r.rngsubdiff::oid, 0)::regproc,
                                  (SELECT format(', MULTIRANGE_TYPE_NAME = %I.%I', ms.nspname, mt.typname) FROM pg_catalog.pg_type mt JOIN pg_catalog.pg_namespace ms ON ms.oid = mt.typnamespace WHERE mt.oid = r.rngmultitypid), ')')
                              FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
           END, NULL, true,
           -- CREATE DOMAIN takes no constraint that holds only for new values
           CASE WHEN t.typtype = 'd' AND EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND NOT k.convalidated) THEN
               ARRAY[concat('CREATE DOMAIN ', n.identity, ' AS ', pg_catalog.format_type(t.typbasetype, t.typtypmod),
                            CASE WHEN t.typcollation <> (SELECT b.typcollation FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype) THEN (SELECT format(' COLLATE %I.%I', cs.nspname, co.collname) FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cs ON cs.oid = co.collnamespace WHERE co.oid = t.typcollation) END,
                            ' DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN ' NOT NULL' END)]
               || ARRAY(SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', n.identity, k.conname, pg_catalog.pg_get_constraintdef(k.oid, $3)) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname)
           END
    FROM named n JOIN pg_catalog.pg_type t ON t.oid = n.objid LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE n.classid = 'pg_catalog.pg_type'::regclass AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
    -- about pg_trigger
    UNION ALL
    -- what stands on a relation
    SELECT n.classid, n.objid, format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass), pg_catalog.pg_get_triggerdef(t.oid, $3), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_trigger t ON t.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_trigger'::regclass AND NOT t.tgisinternal AND t.tgparentid = 0
    -- about pg_rewrite
    UNION ALL
    SELECT n.classid, n.objid, format('DROP RULE %I ON %s', w.rulename, w.ev_class::regclass), rtrim(pg_catalog.pg_get_ruledef(w.oid, $3), ';'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_rewrite w ON w.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_rewrite'::regclass AND w.rulename <> '_RETURN'
    -- about pg_policy
    UNION ALL
    SELECT n.classid, n.objid, format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass),
           concat(format('CREATE POLICY %I ON %s', p.polname, p.polrelid::regclass), CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' END,
                  ' TO ' || (SELECT string_agg(CASE WHEN x.r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(x.r)) END, ', ' ORDER BY x.o) FROM unnest(p.polroles) WITH ORDINALITY AS x(r, o)),
                  ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid, $3) || ')', ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid, $3) || ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_policy p ON p.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_policy'::regclass
    -- about pg_constraint
    UNION ALL
    SELECT n.classid, n.objid,
           CASE WHEN k.contypid <> 0 THEN format('ALTER DOMAIN %s DROP CONSTRAINT %I', k.contypid::regtype, k.conname) ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) END,
           CASE WHEN k.contypid <> 0 THEN format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', k.contypid::regtype, k.conname, pg_catalog.pg_get_constraintdef(k.oid, $3))
                ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_catalog.pg_get_constraintdef(k.oid, $3)) END,
           CASE WHEN k.conislocal IS FALSE AND k.conrelid <> 0 THEN 'it is inherited'
                WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgisinternal AND t.tgenabled <> 'O') THEN 'its internal triggers are not enabled as usual' END, true, NULL
    FROM named n JOIN pg_catalog.pg_constraint k ON k.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_constraint'::regclass
    -- about pg_attrdef
    UNION ALL
    SELECT n.classid, n.objid, format('ALTER %s %s ALTER COLUMN %I DROP DEFAULT', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, d.adrelid::regclass, a.attname),
           format('ALTER %s %s ALTER COLUMN %I SET DEFAULT %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, d.adrelid::regclass, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid)),
           CASE WHEN a.attgenerated <> '' THEN 'it is a generated column' END, true, NULL
    FROM named n JOIN pg_catalog.pg_attrdef d ON d.oid = n.objid JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
    WHERE n.classid = 'pg_catalog.pg_attrdef'::regclass
    -- about pg_statistic_ext
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP STATISTICS ', n.identity), pg_catalog.pg_get_statisticsobjdef(n.objid), NULL, true, NULL
    FROM named n WHERE n.classid = 'pg_catalog.pg_statistic_ext'::regclass
    -- about pg_operator
    UNION ALL
    -- operators, casts, collations, event triggers
    SELECT n.classid, n.objid, concat('DROP OPERATOR ', CASE WHEN o.oprleft = 0 THEN format('%I.%s (NONE, %s)', s.nspname, o.oprname, pg_catalog.format_type(o.oprright, NULL)) ELSE n.identity END),
           concat('CREATE OPERATOR ', format('%I.%s', s.nspname, o.oprname), ' (FUNCTION = ', nullif(o.oprcode::oid, 0)::regproc,
                  ', LEFTARG = ' || CASE WHEN o.oprleft <> 0 THEN pg_catalog.format_type(o.oprleft, NULL) END, ', RIGHTARG = ' || CASE WHEN o.oprright <> 0 THEN pg_catalog.format_type(o.oprright, NULL) END,
                  ', COMMUTATOR = OPERATOR(' || (SELECT format('%I.%s', xs.nspname, x.oprname) FROM pg_catalog.pg_operator x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.oprnamespace WHERE x.oid = o.oprcom) || ')',
                  ', NEGATOR = OPERATOR(' || (SELECT format('%I.%s', xs.nspname, x.oprname) FROM pg_catalog.pg_operator x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.oprnamespace WHERE x.oid = o.oprnegate) || ')',
                  ', RESTRICT = ' || nullif(o.oprrest::oid, 0)::regproc, ', JOIN = ' || nullif(o.oprjoin::oid, 0)::regproc,
                  CASE WHEN o.oprcanhash THEN ', HASHES' END, CASE WHEN o.oprcanmerge THEN ', MERGES' END, ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_operator o ON o.oid = n.objid JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
    WHERE n.classid = 'pg_catalog.pg_operator'::regclass
    -- about pg_cast
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP CAST ', n.identity),
           concat('CREATE CAST ', n.identity, CASE k.castmethod WHEN 'f' THEN format(' WITH FUNCTION %s', k.castfunc::regprocedure) WHEN 'i' THEN ' WITH INOUT' ELSE ' WITHOUT FUNCTION' END,
                  CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' END), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_cast k ON k.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_cast'::regclass
    -- about pg_event_trigger
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP EVENT TRIGGER ', n.identity),
           concat('CREATE EVENT TRIGGER ', n.identity, ' ON ', e.evtevent, ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(x), ', ') FROM unnest(e.evttags) x) || ')', ' EXECUTE FUNCTION ', e.evtfoid::regproc, '()'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_event_trigger e ON e.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_event_trigger'::regclass
    -- about pg_opclass
    UNION ALL
    -- operator classes and families with their members, collations, text search objects
    SELECT n.classid, n.objid, concat('DROP OPERATOR CLASS ', n.identity),
           concat('CREATE OPERATOR CLASS ', format('%I.%I', s.nspname, o.opcname), CASE WHEN o.opcdefault THEN ' DEFAULT' END, ' FOR TYPE ', pg_catalog.format_type(o.opcintype, NULL),
                  ' USING ', quote_ident(m.amname), format(' FAMILY %I.%I', fs.nspname, f.opfname), ' AS ',
                  (SELECT string_agg(x.member, ', ' ORDER BY x.rank, x.number, x.member)
                   FROM (SELECT 0 AS rank, 0 AS number, 'STORAGE ' || pg_catalog.format_type(CASE WHEN o.opckeytype = 0 THEN o.opcintype ELSE o.opckeytype END, NULL) AS member
                         -- a class without members has to say something
                         WHERE o.opckeytype <> 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = n.classid AND d.refobjid = n.objid AND d.classid IN ('pg_catalog.pg_amop'::regclass, 'pg_catalog.pg_amproc'::regclass))
                         UNION ALL
                         SELECT 1, a.amopstrategy, concat('OPERATOR ', a.amopstrategy, ' ', a.amopopr::regoperator, (SELECT format(' FOR ORDER BY %I.%I', xs.nspname, x.opfname) FROM pg_catalog.pg_opfamily x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.opfnamespace WHERE x.oid = a.amopsortfamily))
                         FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_amop a ON a.oid = d.objid WHERE d.classid = 'pg_catalog.pg_amop'::regclass AND d.refclassid = n.classid AND d.refobjid = n.objid
                         UNION ALL
                         SELECT 2, p.amprocnum, format('FUNCTION %s (%s, %s) %s', p.amprocnum, pg_catalog.format_type(p.amproclefttype, NULL), pg_catalog.format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
                         FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_amproc p ON p.oid = d.objid WHERE d.classid = 'pg_catalog.pg_amproc'::regclass AND d.refclassid = n.classid AND d.refobjid = n.objid) x)),
           NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_opclass o ON o.oid = n.objid JOIN pg_catalog.pg_namespace s ON s.oid = o.opcnamespace JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
    JOIN pg_catalog.pg_opfamily f ON f.oid = o.opcfamily JOIN pg_catalog.pg_namespace fs ON fs.oid = f.opfnamespace
    WHERE n.classid = 'pg_catalog.pg_opclass'::regclass
    -- about pg_opfamily
    UNION ALL
    -- a family without the loose members that are told of a class
    SELECT n.classid, n.objid, concat('DROP OPERATOR FAMILY ', n.identity), array_to_string(x.statements, E';\n'), NULL, true, x.statements
    FROM named n CROSS JOIN LATERAL (
        SELECT ARRAY['CREATE OPERATOR FAMILY ' || n.identity] || ARRAY(
            SELECT format('ALTER OPERATOR FAMILY %s ADD %s', n.identity, x.member)
            FROM (SELECT 1 AS rank, concat('OPERATOR ', a.amopstrategy, ' ', a.amopopr::regoperator, (SELECT format(' FOR ORDER BY %I.%I', xs.nspname, x.opfname) FROM pg_catalog.pg_opfamily x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.opfnamespace WHERE x.oid = a.amopsortfamily)) AS member
                  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_amop a ON a.oid = d.objid WHERE d.classid = 'pg_catalog.pg_amop'::regclass AND d.refclassid = n.classid AND d.refobjid = n.objid
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_opclass c WHERE d.deptype = 'a' AND c.opcfamily = n.objid AND (c.opcintype IN (a.amoplefttype, a.amoprighttype) OR NOT EXISTS (SELECT FROM pg_catalog.pg_opclass b WHERE b.opcfamily = n.objid AND b.oid <> c.oid)))
                  UNION ALL
                  SELECT 2, format('FUNCTION %s (%s, %s) %s', p.amprocnum, pg_catalog.format_type(p.amproclefttype, NULL), pg_catalog.format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
                  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_amproc p ON p.oid = d.objid WHERE d.classid = 'pg_catalog.pg_amproc'::regclass AND d.refclassid = n.classid AND d.refobjid = n.objid
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_opclass c WHERE d.deptype = 'a' AND c.opcfamily = n.objid AND (c.opcintype IN (p.amproclefttype, p.amprocrighttype) OR NOT EXISTS (SELECT FROM pg_catalog.pg_opclass b WHERE b.opcfamily = n.objid AND b.oid <> c.oid)))) x
            ORDER BY x.rank, x.member) AS statements
    ) x
    WHERE n.classid = 'pg_catalog.pg_opfamily'::regclass
    -- about pg_collation
    UNION ALL
    -- by way of JSON, because the columns differ from version to version
    SELECT n.classid, n.objid, concat('DROP COLLATION ', n.identity),
           concat('CREATE COLLATION ', n.identity, ' (provider = ', CASE k.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'default' END,
                  CASE WHEN NOT k.collisdeterministic THEN ', deterministic = false' END,
                  CASE WHEN k.collprovider = 'c' AND k.collcollate <> k.collctype THEN format(', lc_collate = %L, lc_ctype = %L', k.collcollate, k.collctype)
                       ELSE format(', locale = %L', coalesce(to_jsonb(k) ->> 'colllocale', to_jsonb(k) ->> 'colliculocale', k.collcollate)) END,
                  ', rules = ' || quote_literal(to_jsonb(k) ->> 'collicurules'), ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_collation k ON k.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_collation'::regclass
    -- about pg_ts_dict
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP TEXT SEARCH DICTIONARY ', n.identity),
           concat('CREATE TEXT SEARCH DICTIONARY ', n.identity, format(' (TEMPLATE = %I.%I', ts.nspname, t.tmplname), ', ' || d.dictinitoption, ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_ts_dict d ON d.oid = n.objid JOIN pg_catalog.pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_catalog.pg_namespace ts ON ts.oid = t.tmplnamespace
    WHERE n.classid = 'pg_catalog.pg_ts_dict'::regclass
    -- about pg_ts_config
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP TEXT SEARCH CONFIGURATION ', n.identity), array_to_string(x.statements, E';\n'), NULL, true, x.statements
    FROM named n JOIN pg_catalog.pg_ts_config c ON c.oid = n.objid JOIN pg_catalog.pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_catalog.pg_namespace ps ON ps.oid = p.prsnamespace
    CROSS JOIN LATERAL (
        SELECT ARRAY[format('CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %I.%I)', n.identity, ps.nspname, p.prsname)] || ARRAY(
            -- tokens with the same dictionaries together
            SELECT format('ALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %s WITH %s', n.identity, string_agg(quote_ident(m.alias), ', ' ORDER BY m.alias), m.dictionaries)
            FROM (SELECT k.alias, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries
                  FROM pg_catalog.pg_ts_config_map m JOIN pg_catalog.ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype WHERE m.mapcfg = c.oid GROUP BY k.alias) m
            GROUP BY m.dictionaries ORDER BY min(m.alias)) AS statements
    ) x
    WHERE n.classid = 'pg_catalog.pg_ts_config'::regclass
    -- about pg_ts_parser
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP TEXT SEARCH PARSER ', n.identity),
           concat('CREATE TEXT SEARCH PARSER ', n.identity, ' (START = ', p.prsstart, ', GETTOKEN = ', p.prstoken, ', END = ', p.prsend, ', LEXTYPES = ', p.prslextype, ', HEADLINE = ' || nullif(p.prsheadline::oid, 0)::regproc, ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_ts_parser p ON p.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_ts_parser'::regclass
    -- about pg_ts_template
    UNION ALL
    SELECT n.classid, n.objid, concat('DROP TEXT SEARCH TEMPLATE ', n.identity),
           concat('CREATE TEXT SEARCH TEMPLATE ', n.identity, ' (', 'INIT = ' || nullif(t.tmplinit::oid, 0)::regproc || ', ', 'LEXIZE = ', t.tmpllexize, ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_ts_template t ON t.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_ts_template'::regclass
    -- about pg_publication_rel
    UNION ALL
    -- a table's membership in a publication: in the way where a column of its list or row filter is dropped or retyped
    SELECT n.classid, n.objid, format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, r.prrelid::regclass),
           concat(format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, r.prrelid::regclass),
                  ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
                           WHERE a.attrelid = r.prrelid AND a.attnum > 0 AND to_jsonb(r) -> 'prattrs' @> to_jsonb(a.attnum)) || ')',
                  ' WHERE (' || (SELECT to_jsonb(v) ->> 'rowfilter' FROM pg_catalog.pg_publication_tables v JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
                                 WHERE v.pubname = p.pubname AND v.schemaname = s.nspname AND v.tablename = c.relname) || ')'), NULL, true, NULL
    FROM named n JOIN pg_catalog.pg_publication_rel r ON r.oid = n.objid JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
    WHERE n.classid = 'pg_catalog.pg_publication_rel'::regclass
    -- about all
)
SELECT n.classid::int8, n.objid::int8, n.type, n.schema, n.name, n.identity,
       CASE WHEN d.oid IS NULL THEN a.object_names ELSE ARRAY[n.schema, d.typname::text, k.conname::text] END, m.dropping, m.creating, m.kept_by, coalesce(m.populated, true) AS populated, m.restoring
-- FULL, though every row has its name: a nested loop is no way to do that, and would be chosen for few objects
FROM named n FULL JOIN made m ON m.classid = n.classid AND m.objid = n.objid
CROSS JOIN LATERAL pg_catalog.pg_identify_object_as_address(n.classid, n.objid, 0) a
LEFT JOIN pg_catalog.pg_constraint k ON n.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = n.objid LEFT JOIN pg_catalog.pg_type d ON d.oid = k.contypid
ORDER BY n.n
