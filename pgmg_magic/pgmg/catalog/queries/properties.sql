-- What stands around each of the given objects, as statements that would bring it back (rule 6; privileges apart).
-- $1, $2: catalogs and OIDs. Read under the search_path pg_catalog.
WITH named AS MATERIALIZED (
    SELECT w.classid, w.objid, i.identity,
           CASE i.type WHEN 'statistics object' THEN 'STATISTICS ' || i.identity WHEN 'composite type' THEN 'TYPE ' || i.identity
                WHEN 'table constraint' THEN 'CONSTRAINT ' || i.identity
                WHEN 'domain constraint' THEN 'CONSTRAINT ' || regexp_replace(i.identity, ' on (?=[^"]*(?:"[^"]*"[^"]*)*$)', ' ON DOMAIN ')
                WHEN 'aggregate' THEN 'AGGREGATE ' || regexp_replace(i.identity, '\(\)$', '(*)')
                WHEN 'type' THEN CASE WHEN (SELECT t.typtype FROM pg_catalog.pg_type t WHERE t.oid = w.objid) = 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END || i.identity
                ELSE upper(i.type) || ' ' || i.identity END AS target
    FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid) CROSS JOIN LATERAL pg_catalog.pg_identify_object(w.classid, w.objid, 0) i
    WHERE i.identity IS NOT NULL
), relation AS MATERIALIZED (
    SELECT n.*, c.relkind, c.relowner, c.reloptions, c.reltablespace, upper(CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'index' END) AS word
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid
    WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('v', 'm', 'i', 'I')
), owned AS (
    SELECT r.classid, r.objid, r.target, r.relowner AS owner FROM relation r WHERE r.relkind IN ('v', 'm')
    UNION ALL SELECT n.classid, n.objid, n.target, o.proowner FROM named n JOIN pg_catalog.pg_proc o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_proc'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.typowner FROM named n JOIN pg_catalog.pg_type o ON o.oid = n.objid LEFT JOIN pg_catalog.pg_class c ON c.oid = o.typrelid
        WHERE n.classid = 'pg_catalog.pg_type'::regclass AND (o.typtype IN ('e', 'd', 'r') OR (o.typtype = 'c' AND c.relkind = 'c'))
    UNION ALL SELECT n.classid, n.objid, n.target, o.oprowner FROM named n JOIN pg_catalog.pg_operator o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_operator'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.opcowner FROM named n JOIN pg_catalog.pg_opclass o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_opclass'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.opfowner FROM named n JOIN pg_catalog.pg_opfamily o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_opfamily'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.collowner FROM named n JOIN pg_catalog.pg_collation o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_collation'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.dictowner FROM named n JOIN pg_catalog.pg_ts_dict o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_ts_dict'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.cfgowner FROM named n JOIN pg_catalog.pg_ts_config o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_ts_config'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.stxowner FROM named n JOIN pg_catalog.pg_statistic_ext o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_statistic_ext'::regclass
    UNION ALL SELECT n.classid, n.objid, n.target, o.evtowner FROM named n JOIN pg_catalog.pg_event_trigger o ON o.oid = n.objid WHERE n.classid = 'pg_catalog.pg_event_trigger'::regclass
), around AS (
    SELECT o.classid, o.objid, 10 AS rank, 'owner' AS aspect, NULL::text AS subject,
           format('ALTER %s OWNER TO %I', o.target, pg_catalog.pg_get_userbyid(o.owner)) AS statement
    FROM owned o WHERE pg_catalog.pg_get_userbyid(o.owner) <> current_user
    UNION ALL
    SELECT r.classid, r.objid, 20 + x.n / 1000.0, 'option', split_part(x.o, '=', 1), format('ALTER %s %s SET (%I = %L)', r.word, r.identity, split_part(x.o, '=', 1), substr(x.o, strpos(x.o, '=') + 1))
    FROM relation r CROSS JOIN LATERAL unnest(r.reloptions) WITH ORDINALITY AS x(o, n) WHERE r.relkind IN ('v', 'm')
    UNION ALL
    SELECT r.classid, r.objid, 25, 'storage', 'tablespace', format('ALTER %s %s SET TABLESPACE %I', r.word, r.identity, t.spcname)
    FROM relation r JOIN pg_catalog.pg_tablespace t ON t.oid = r.reltablespace
    UNION ALL
    SELECT r.classid, r.objid, 30, 'storage', a.attname::text, x.statement
    FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.objid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (
        SELECT format('ALTER %s %s ALTER COLUMN %s SET STATISTICS %s', r.word, r.identity, CASE WHEN r.relkind = 'm' THEN quote_ident(a.attname) ELSE a.attnum::text END, a.attstattarget) AS statement WHERE coalesce(a.attstattarget, -1) <> -1
        UNION ALL
        SELECT format('ALTER %s %s ALTER COLUMN %I SET (%s)', r.word, r.identity, a.attname, (SELECT string_agg(format('%I = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ' ORDER BY o) FROM unnest(a.attoptions) o)) WHERE a.attoptions IS NOT NULL AND r.relkind = 'm'
        UNION ALL
        SELECT format('ALTER %s %s ALTER COLUMN %I SET STORAGE %s', r.word, r.identity, a.attname, CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) WHERE a.attstorage <> t.typstorage AND r.relkind = 'm'
        UNION ALL
        SELECT format('ALTER %s %s ALTER COLUMN %I SET COMPRESSION %s', r.word, r.identity, a.attname, CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END) WHERE a.attcompression <> '' AND r.relkind = 'm'
    ) x
    UNION ALL
    SELECT r.classid, r.objid, 40, 'cluster', NULL, format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', i.indrelid::regclass, k.relname)
    FROM relation r JOIN pg_catalog.pg_index i ON i.indexrelid = r.objid AND i.indisclustered JOIN pg_catalog.pg_class k ON k.oid = r.objid
    JOIN pg_catalog.pg_class p ON p.oid = i.indrelid AND p.relkind = 'm'
    UNION ALL
    SELECT n.classid, n.objid, 40, 'storage', 'statistics', format('ALTER STATISTICS %s SET STATISTICS %s', n.identity, s.stxstattarget)
    FROM named n JOIN pg_catalog.pg_statistic_ext s ON s.oid = n.objid WHERE n.classid = 'pg_catalog.pg_statistic_ext'::regclass AND coalesce(s.stxstattarget, -1) <> -1
    UNION ALL
    SELECT n.classid, n.objid, 60, 'label', l.provider, format('SECURITY LABEL FOR %I ON %s IS %L', l.provider, CASE WHEN l.objsubid = 0 THEN n.target ELSE format('COLUMN %s.%I', n.identity, a.attname) END, l.label)
    FROM named n JOIN pg_catalog.pg_seclabel l ON l.classoid = n.classid AND l.objoid = n.objid LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = n.objid AND a.attnum = l.objsubid AND l.objsubid > 0
    UNION ALL
    SELECT n.classid, n.objid, 70, 'comment', NULL, format('COMMENT ON %s IS %L', regexp_replace(n.target, ' on (?=[^"]*(?:"[^"]*"[^"]*)*$)', ' ON '), d.description)
    FROM named n JOIN pg_catalog.pg_description d ON d.classoid = n.classid AND d.objoid = n.objid AND d.objsubid = 0
    UNION ALL
    SELECT n.classid, n.objid, 71, 'comment', a.attname::text, format('COMMENT ON COLUMN %s.%I IS %L', n.identity, a.attname, d.description)
    FROM named n LEFT JOIN pg_catalog.pg_type t ON t.oid = n.objid AND n.classid = 'pg_catalog.pg_type'::regclass AND t.typtype = 'c'
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
         AND d.objoid = CASE WHEN n.classid = 'pg_catalog.pg_class'::regclass THEN n.objid ELSE t.typrelid END
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
    UNION ALL
    SELECT n.classid, n.objid, 80, 'enabled', NULL, format('ALTER TABLE %s %s TRIGGER %I', t.tgrelid::regclass, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, t.tgname)
    FROM named n JOIN pg_catalog.pg_trigger t ON t.oid = n.objid WHERE n.classid = 'pg_catalog.pg_trigger'::regclass AND t.tgenabled <> 'O'
    UNION ALL
    SELECT n.classid, n.objid, 80, 'enabled', NULL, format('ALTER TABLE %s %s RULE %I', w.ev_class::regclass, CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, w.rulename)
    FROM named n JOIN pg_catalog.pg_rewrite w ON w.oid = n.objid WHERE n.classid = 'pg_catalog.pg_rewrite'::regclass AND w.ev_enabled <> 'O' AND w.rulename <> '_RETURN'
    UNION ALL
    SELECT n.classid, n.objid, 80, 'enabled', NULL, format('ALTER EVENT TRIGGER %I %s', e.evtname, CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END)
    FROM named n JOIN pg_catalog.pg_event_trigger e ON e.oid = n.objid WHERE n.classid = 'pg_catalog.pg_event_trigger'::regclass AND e.evtenabled <> 'O'
)
SELECT a.classid::int8, a.objid::int8, a.rank, a.aspect, a.subject, a.statement, NULL::text AS role,
       coalesce(a.aspect <> 'owner' OR pg_catalog.pg_has_role(o.owner, 'MEMBER'), true) AS allowed
FROM around a LEFT JOIN owned o ON o.classid = a.classid AND o.objid = a.objid AND a.aspect = 'owner'
ORDER BY 1, 2, 3, 5, 6
