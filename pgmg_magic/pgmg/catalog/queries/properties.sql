-- What each of the given objects has besides its definition, as statements that restore it (rule 6; privileges apart),
-- and `undo`, the statement that takes it away from an object that should not have it.
-- $1, $2: catalogs and OIDs. Read under the search_path pg_catalog.
-- The parts that come and go with an object are read with it: row and array types, the constructors of a range, the index
-- behind a constraint, the children that an index, trigger or constraint of a partitioned table has on partitions, and
-- inherited CHECK constraints. Options that begin with pg_ are the server's own (rule 6.0).
WITH RECURSIVE part(classid, objid, part_class, part_oid) AS (
    SELECT w.classid, w.objid, w.classid, w.objid FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
    UNION
    SELECT p.classid, p.objid, n.classid, n.objid
    FROM part p CROSS JOIN LATERAL (
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
        WHERE d.refclassid = p.part_class AND d.refobjid = p.part_oid AND d.refobjsubid = 0 AND d.deptype IN ('i', 'P')
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::regclass, child.oid
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_inherits h ON h.inhparent = k.conrelid
        JOIN pg_catalog.pg_constraint child ON child.conrelid = h.inhrelid AND child.conname = k.conname AND child.contype = 'c' AND NOT child.conislocal
        WHERE p.part_class = 'pg_catalog.pg_constraint'::regclass AND k.oid = p.part_oid AND k.contype = 'c' AND NOT k.connoinherit
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k
        WHERE p.part_class = 'pg_catalog.pg_type'::regclass AND p.part_oid = p.objid AND k.conrelid = 0 AND k.contypid = p.part_oid
    ) n
), chosen AS MATERIALIZED (
    -- most parts are row types, array types and rules of views, and have nothing
    SELECT p.* FROM part p
    WHERE (p.part_oid = p.objid AND p.part_class = p.classid)
       OR p.part_class IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_trigger'::regclass)
       OR EXISTS (SELECT FROM pg_catalog.pg_description d WHERE d.objoid = p.part_oid AND d.classoid = p.part_class)
       OR EXISTS (SELECT FROM pg_catalog.pg_seclabel l WHERE l.objoid = p.part_oid AND l.classoid = p.part_class)
       OR (p.part_class = 'pg_catalog.pg_type'::regclass AND (SELECT t.typtype FROM pg_catalog.pg_type t WHERE t.oid = p.part_oid) = 'm')
), named AS MATERIALIZED (
    SELECT p.classid, p.objid, p.part_class, p.part_oid, i.type, i.schema, i.name, i.identity,
           (p.part_class, p.part_oid) <> (p.classid, p.objid) AS is_part,
           CASE WHEN (p.part_class, p.part_oid) <> (p.classid, p.objid) THEN CASE p.part_class
               WHEN 'pg_catalog.pg_class'::regclass THEN (SELECT x.indrelid::regclass::text FROM pg_catalog.pg_index x WHERE x.indexrelid = p.part_oid)
               WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT x.conrelid::regclass::text FROM pg_catalog.pg_constraint x WHERE x.oid = p.part_oid AND x.conrelid <> 0)
               WHEN 'pg_catalog.pg_trigger'::regclass THEN (SELECT x.tgrelid::regclass::text FROM pg_catalog.pg_trigger x WHERE x.oid = p.part_oid)
           END END AS part_of_table,
           CASE i.type WHEN 'statistics object' THEN 'STATISTICS ' || i.identity WHEN 'composite type' THEN 'TYPE ' || i.identity
                WHEN 'table constraint' THEN 'CONSTRAINT ' || i.identity
                WHEN 'domain constraint' THEN 'CONSTRAINT ' || regexp_replace(i.identity, ' on (?=[^"]*(?:"[^"]*"[^"]*)*$)', ' ON DOMAIN ')
                WHEN 'aggregate' THEN 'AGGREGATE ' || regexp_replace(i.identity, '\(\)$', '(*)')
                WHEN 'type' THEN CASE WHEN (SELECT t.typtype FROM pg_catalog.pg_type t WHERE t.oid = p.part_oid) = 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END || i.identity
                ELSE upper(i.type) || ' ' || i.identity END AS target
    FROM chosen p CROSS JOIN LATERAL pg_catalog.pg_identify_object(p.part_class, p.part_oid, 0) i
    WHERE i.identity IS NOT NULL
), relation AS MATERIALIZED (
    SELECT n.*, c.relname, c.relkind, c.relowner, c.reltablespace, c.relam, c.relreplident, c.reltoastrelid, toast.reloptions AS toast_options, c.reloptions,
           upper(CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'index' END) AS word
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.part_oid LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
    WHERE n.part_class = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('v', 'm', 'i', 'I')
), placed AS MATERIALIZED (
    -- where a relation would be put that says nothing about it
    SELECT CASE WHEN d.oid = b.dattablespace THEN 0::oid ELSE coalesce(d.oid, 0::oid) END AS space, b.spcname AS database_space
    FROM (SELECT x.dattablespace, s.spcname FROM pg_catalog.pg_database x JOIN pg_catalog.pg_tablespace s ON s.oid = x.dattablespace WHERE x.datname = current_database()) b
    LEFT JOIN pg_catalog.pg_tablespace d ON d.spcname = current_setting('default_tablespace')
), owned AS (
    SELECT r.part_class, r.part_oid, r.classid, r.objid, r.target, r.schema, r.relowner AS owner FROM relation r WHERE r.relkind IN ('v', 'm')
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.proowner FROM named n JOIN pg_catalog.pg_proc o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_proc'::regclass
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.typowner FROM named n JOIN pg_catalog.pg_type o ON o.oid = n.part_oid LEFT JOIN pg_catalog.pg_class c ON c.oid = o.typrelid
        WHERE n.part_class = 'pg_catalog.pg_type'::regclass AND (o.typtype IN ('e', 'd', 'r') OR (o.typtype = 'c' AND c.relkind = 'c')
             -- a multirange follows its range since PostgreSQL 17
             OR (o.typtype = 'm' AND current_setting('server_version_num')::int < 170000))
    -- about pg_operator
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.oprowner FROM named n JOIN pg_catalog.pg_operator o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_operator'::regclass
    -- about pg_opclass
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.opcowner FROM named n JOIN pg_catalog.pg_opclass o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_opclass'::regclass
    -- about pg_opfamily
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.opfowner FROM named n JOIN pg_catalog.pg_opfamily o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_opfamily'::regclass
    -- about pg_collation
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.collowner FROM named n JOIN pg_catalog.pg_collation o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_collation'::regclass
    -- about pg_ts_dict
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.dictowner FROM named n JOIN pg_catalog.pg_ts_dict o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_ts_dict'::regclass
    -- about pg_ts_config
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.cfgowner FROM named n JOIN pg_catalog.pg_ts_config o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_ts_config'::regclass
    -- about pg_statistic_ext
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, n.schema, o.stxowner FROM named n JOIN pg_catalog.pg_statistic_ext o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_statistic_ext'::regclass
    -- about pg_event_trigger
    UNION ALL SELECT n.part_class, n.part_oid, n.classid, n.objid, n.target, NULL, o.evtowner FROM named n JOIN pg_catalog.pg_event_trigger o ON o.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_event_trigger'::regclass
    -- about all
), found AS (
    SELECT o.classid, o.objid, 10::numeric AS rank, 'owner' AS aspect, NULL::text AS subject,
           format('ALTER %s OWNER TO %I', o.target, pg_catalog.pg_get_userbyid(o.owner)) AS statement,
           format('ALTER %s OWNER TO %I', o.target, current_user) AS undo,
           -- the new owner must be a role that we may become, and may create in the schema
           me.rolsuper OR (pg_catalog.pg_has_role(o.owner, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
                           AND coalesce(pg_catalog.has_schema_privilege(o.owner, o.schema, 'CREATE'), false)) AS allowed,
           NULL::text AS part_of_table
    FROM owned o JOIN pg_catalog.pg_roles me ON me.rolname = current_user WHERE pg_catalog.pg_get_userbyid(o.owner) <> current_user
    UNION ALL
    SELECT r.classid, r.objid, 20 + x.n / 1000.0, CASE WHEN r.is_part THEN 'part_option' ELSE 'option' END, x.name,
           format('ALTER %s %s SET (%s = %L)', r.word, r.identity, x.quoted, x.value), format('ALTER %s %s RESET (%s)', r.word, r.identity, x.quoted), true, r.part_of_table
    FROM relation r CROSS JOIN LATERAL (
        SELECT o.n, split_part(o.o, '=', 1) AS name, quote_ident(split_part(o.o, '=', 1)) AS quoted, substr(o.o, strpos(o.o, '=') + 1) AS value
        FROM unnest(r.reloptions) WITH ORDINALITY AS o(o, n)
        UNION ALL
        SELECT 100 + o.n, 'toast.' || split_part(o.o, '=', 1), 'toast.' || quote_ident(split_part(o.o, '=', 1)), substr(o.o, strpos(o.o, '=') + 1)
        FROM unnest(r.toast_options) WITH ORDINALITY AS o(o, n) WHERE r.relkind = 'm'
    ) x
    -- the server takes no options of a partitioned index but with its definition
    WHERE r.relkind IN ('v', 'm', 'i') AND x.name !~ '^(toast\.)?pg_'
    UNION ALL
    SELECT r.classid, r.objid, 24, 'storage', 'access method', format('ALTER %s %s SET ACCESS METHOD %I', r.word, r.identity, m.amname), NULL, true, r.part_of_table
    FROM relation r JOIN pg_catalog.pg_am m ON m.oid = r.relam
    WHERE r.relkind = 'm' AND m.amname <> current_setting('default_table_access_method') AND current_setting('server_version_num')::int >= 150000
    UNION ALL
    SELECT r.classid, r.objid, 25, 'storage', 'tablespace', format('ALTER %s %s SET TABLESPACE %I', r.word, r.identity, coalesce(t.spcname, p.database_space)), NULL, true, r.part_of_table
    FROM relation r CROSS JOIN placed p LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = r.reltablespace
    WHERE r.relkind IN ('m', 'i', 'I') AND r.reltablespace <> p.space
    UNION ALL
    -- a materialized view that is filled while no column can be stored out of line has no TOAST table
    SELECT r.classid, r.objid, 30 + x.n / 10.0, CASE WHEN x.n = 3 AND a.attstorage = 'p' AND r.reltoastrelid <> 0 THEN 'late_storage' ELSE 'storage' END, a.attname::text, x.statement, NULL, true, r.part_of_table
    FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.part_oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (
        SELECT 1 AS n, format('ALTER %s %s ALTER COLUMN %s SET STATISTICS %s', r.word, r.identity, CASE WHEN r.relkind = 'm' THEN quote_ident(a.attname) ELSE a.attnum::text END, a.attstattarget) AS statement
        WHERE coalesce(a.attstattarget, -1) <> -1
        UNION ALL
        SELECT 2, format('ALTER %s %s ALTER COLUMN %I SET (%s)', r.word, r.identity, a.attname, string_agg(format('%I = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ' ORDER BY o))
        FROM unnest(a.attoptions) o WHERE r.relkind = 'm' AND o !~ '^pg_' HAVING count(*) > 0
        UNION ALL
        SELECT 3, format('ALTER %s %s ALTER COLUMN %I SET STORAGE %s', r.word, r.identity, a.attname, CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
        WHERE a.attstorage <> t.typstorage AND r.relkind = 'm'
        UNION ALL
        SELECT 4, format('ALTER %s %s ALTER COLUMN %I SET COMPRESSION %s', r.word, r.identity, a.attname, CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
        WHERE a.attcompression <> '' AND r.relkind = 'm'
    ) x
    UNION ALL
    SELECT n.classid, n.objid, 31, 'storage', 'statistics', format('ALTER STATISTICS %s SET STATISTICS %s', n.identity, s.stxstattarget), NULL, true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_statistic_ext s ON s.oid = n.part_oid
    WHERE n.part_class = 'pg_catalog.pg_statistic_ext'::regclass AND coalesce(s.stxstattarget, -1) <> -1
    UNION ALL
    SELECT r.classid, r.objid, 35, 'replica_identity', NULL, format('ALTER MATERIALIZED VIEW %s REPLICA IDENTITY %s', r.identity, CASE r.relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END),
           format('ALTER MATERIALIZED VIEW %s REPLICA IDENTITY DEFAULT', r.identity), true, r.part_of_table
    FROM relation r WHERE r.relkind = 'm' AND r.relreplident IN ('f', 'n')
    UNION ALL
    SELECT r.classid, r.objid, x.rank, x.aspect, NULL, format('ALTER %s %s %s %I', CASE t.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, i.indrelid::regclass, x.clause, r.relname), NULL, true, r.part_of_table
    FROM relation r JOIN pg_catalog.pg_index i ON i.indexrelid = r.part_oid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    CROSS JOIN LATERAL (
        SELECT 36 AS rank, 'replica_identity' AS aspect, 'REPLICA IDENTITY USING INDEX' AS clause WHERE i.indisreplident AND t.relreplident = 'i'
        UNION ALL
        SELECT 40, 'cluster', 'CLUSTER ON' WHERE i.indisclustered
    ) x
    UNION ALL
    SELECT n.classid, n.objid, 45, 'extension', NULL, format('ALTER %s DEPENDS ON EXTENSION %I', x.target, e.extname), format('ALTER %s NO DEPENDS ON EXTENSION %I', x.target, e.extname), true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_depend d ON d.classid = n.part_class AND d.objid = n.part_oid AND d.deptype = 'x' JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    CROSS JOIN LATERAL (
        SELECT CASE n.part_class WHEN 'pg_catalog.pg_proc'::regclass THEN 'ROUTINE ' || n.identity
                                 WHEN 'pg_catalog.pg_trigger'::regclass THEN regexp_replace(n.target, ' on (?=[^"]*(?:"[^"]*"[^"]*)*$)', ' ON ')
                                 ELSE n.target END AS target
    ) x
    UNION ALL
    -- loose members of an operator family, which belong to no class: told of the class whose type they are about (see closure.sql)
    SELECT n.classid, n.objid, 50, 'member', m.place, format('ALTER OPERATOR FAMILY %s ADD %s', f.identity, m.item), format('ALTER OPERATOR FAMILY %s DROP %s', f.identity, m.place), true, NULL
    FROM named n JOIN pg_catalog.pg_opclass o ON o.oid = n.part_oid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_opfamily'::regclass, o.opcfamily, 0) f
    CROSS JOIN LATERAL (
        SELECT 'pg_catalog.pg_amop'::regclass AS catalog, a.oid, a.amoplefttype AS lefttype, a.amoprighttype AS righttype,
               format('OPERATOR %s (%s, %s)', a.amopstrategy, pg_catalog.format_type(a.amoplefttype, NULL), pg_catalog.format_type(a.amoprighttype, NULL)) AS place,
               concat('OPERATOR ', a.amopstrategy, ' ', a.amopopr::regoperator, (SELECT format(' FOR ORDER BY %I.%I', xs.nspname, x.opfname) FROM pg_catalog.pg_opfamily x JOIN pg_catalog.pg_namespace xs ON xs.oid = x.opfnamespace WHERE x.oid = a.amopsortfamily)) AS item
        FROM pg_catalog.pg_amop a WHERE a.amopfamily = o.opcfamily
        UNION ALL
        SELECT 'pg_catalog.pg_amproc'::regclass, a.oid, a.amproclefttype, a.amprocrighttype, x.place, concat(x.place, ' ', a.amproc::regprocedure)
        FROM pg_catalog.pg_amproc a CROSS JOIN LATERAL (
            SELECT format('FUNCTION %s (%s, %s)', a.amprocnum, pg_catalog.format_type(a.amproclefttype, NULL), pg_catalog.format_type(a.amprocrighttype, NULL)) AS place
        ) x WHERE a.amprocfamily = o.opcfamily
    ) m
    WHERE n.part_class = 'pg_catalog.pg_opclass'::regclass AND NOT n.is_part
      AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = m.catalog AND d.objid = m.oid AND d.refclassid = 'pg_catalog.pg_opfamily'::regclass AND d.deptype = 'a')
      AND o.oid = (SELECT c.oid FROM pg_catalog.pg_opclass c WHERE c.opcfamily = o.opcfamily
                       AND (c.opcintype IN (m.lefttype, m.righttype) OR NOT EXISTS (SELECT FROM pg_catalog.pg_opclass b WHERE b.opcfamily = o.opcfamily AND b.oid <> c.oid))
                       ORDER BY c.opcintype = m.lefttype DESC, c.opcdefault DESC, c.oid LIMIT 1)
    UNION ALL
    SELECT n.classid, n.objid, 60, 'label', a.attname::text, format('SECURITY LABEL FOR %I ON %s IS %L', l.provider, x.target, l.label), format('SECURITY LABEL FOR %I ON %s IS NULL', l.provider, x.target), true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_seclabel l ON l.classoid = n.part_class AND l.objoid = n.part_oid LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = n.part_oid AND a.attnum = l.objsubid AND l.objsubid > 0
    CROSS JOIN LATERAL (SELECT CASE WHEN l.objsubid = 0 THEN n.target ELSE format('COLUMN %s.%I', n.identity, a.attname) END AS target) x
    UNION ALL
    SELECT n.classid, n.objid, 70, CASE WHEN k.oid IS NULL THEN 'comment' ELSE 'constraint_comment' END, CASE WHEN k.oid IS NOT NULL THEN k.conname::text WHEN n.is_part THEN n.identity END, format('COMMENT ON %s IS %L', x.target, d.description), format('COMMENT ON %s IS NULL', x.target), true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_description d ON d.classoid = n.part_class AND d.objoid = n.part_oid AND d.objsubid = 0
    LEFT JOIN pg_catalog.pg_constraint k ON n.is_part AND n.part_class = 'pg_catalog.pg_constraint'::regclass AND k.oid = n.part_oid AND k.contypid <> 0
    CROSS JOIN LATERAL (SELECT regexp_replace(n.target, ' on (?=[^"]*(?:"[^"]*"[^"]*)*$)', ' ON ') AS target) x
    UNION ALL
    SELECT n.classid, n.objid, 71, 'comment', a.attname::text, format('COMMENT ON COLUMN %s.%I IS %L', n.identity, a.attname, d.description), format('COMMENT ON COLUMN %s.%I IS NULL', n.identity, a.attname), true, n.part_of_table
    FROM named n LEFT JOIN pg_catalog.pg_type t ON t.oid = n.part_oid AND n.part_class = 'pg_catalog.pg_type'::regclass AND t.typtype = 'c' AND NOT n.is_part
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
         AND d.objoid = CASE WHEN n.part_class = 'pg_catalog.pg_class'::regclass THEN n.part_oid ELSE t.typrelid END
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
    WHERE n.type <> 'composite type' OR n.part_class = 'pg_catalog.pg_type'::regclass
    -- about pg_trigger
    UNION ALL
    -- before PostgreSQL 15 a partition's trigger could be renamed
    SELECT n.classid, n.objid, 8, 'name', t.tgname::text, format('ALTER TRIGGER %I ON %s RENAME TO %I', whole.tgname, t.tgrelid::regclass, t.tgname), NULL, true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_trigger t ON t.oid = n.part_oid JOIN pg_catalog.pg_trigger whole ON whole.oid = n.objid
    WHERE n.is_part AND n.classid = 'pg_catalog.pg_trigger'::regclass AND n.part_class = n.classid AND t.tgname <> whole.tgname
    UNION ALL
    SELECT n.classid, n.objid, 80, 'enabled', NULL, format('ALTER TABLE ONLY %s %s TRIGGER %I', t.tgrelid::regclass, x.state, t.tgname), format('ALTER TABLE ONLY %s ENABLE TRIGGER %I', t.tgrelid::regclass, t.tgname), true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_trigger t ON t.oid = n.part_oid
    CROSS JOIN LATERAL (SELECT CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END AS state) x
    -- before PostgreSQL 15 those of partitions are marked as internal; those of foreign keys are parts of constraints
    WHERE n.part_class = 'pg_catalog.pg_trigger'::regclass AND n.classid = n.part_class AND t.tgenabled <> 'O'
    -- about all
    UNION ALL
    SELECT n.classid, n.objid, 80, 'enabled', NULL, format('ALTER TABLE %s %s RULE %I', w.ev_class::regclass, x.state, w.rulename), format('ALTER TABLE %s ENABLE RULE %I', w.ev_class::regclass, w.rulename), true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_rewrite w ON w.oid = n.part_oid
    CROSS JOIN LATERAL (SELECT CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END AS state) x
    WHERE n.part_class = 'pg_catalog.pg_rewrite'::regclass AND w.ev_enabled <> 'O' AND w.rulename <> '_RETURN'
    -- about pg_event_trigger
    UNION ALL
    SELECT n.classid, n.objid, 80, 'enabled', NULL, format('ALTER EVENT TRIGGER %I %s', e.evtname, x.state), format('ALTER EVENT TRIGGER %I ENABLE', e.evtname), true, n.part_of_table
    FROM named n JOIN pg_catalog.pg_event_trigger e ON e.oid = n.part_oid
    CROSS JOIN LATERAL (SELECT CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END AS state) x
    WHERE n.part_class = 'pg_catalog.pg_event_trigger'::regclass AND e.evtenabled <> 'O'
    -- about all
)
SELECT f.classid::int8, f.objid::int8, f.rank, f.aspect, f.subject, f.statement, NULL::text AS role, f.allowed, f.undo, f.part_of_table
FROM found f ORDER BY 1, 2, 3, 5, 6
