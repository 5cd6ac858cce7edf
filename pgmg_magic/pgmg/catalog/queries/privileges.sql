-- The statements that turn the privileges a newly made object would have into those it has now (rule 6.1), and `undo`,
-- which takes each of them back. Newly made: by the current role, with its default privileges, then given to the present
-- owner. Row types, multiranges and the constructors of a range are read with the object that they come and go with.
-- $1, $2: catalogs and OIDs. $3: default privileges may be others when the object is made: the statements begin with one
-- (`reset`) that takes away whatever it was given then. Read under the search_path pg_catalog.
WITH RECURSIVE part(classid, objid, part_class, part_oid) AS (
    SELECT w.classid, w.objid, w.classid, w.objid FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
    UNION
    SELECT p.classid, p.objid, d.classid, d.objid
    FROM part p JOIN pg_catalog.pg_depend d ON d.refclassid = p.part_class AND d.refobjid = p.part_oid AND d.refobjsubid = 0 AND d.deptype = 'i'
    WHERE p.part_class IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass) AND d.classid IN ('pg_catalog.pg_type'::regclass, 'pg_catalog.pg_proc'::regclass)
), named AS MATERIALIZED (
    SELECT p.*, i.identity FROM part p CROSS JOIN LATERAL pg_catalog.pg_identify_object(p.part_class, p.part_oid, 0) i
), me AS MATERIALIZED (
    SELECT r.oid, EXISTS (SELECT FROM pg_catalog.pg_default_acl d WHERE d.defaclrole = r.oid) AS has_defaults
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
), known AS (
    -- default privileges are not for types that are made with something else
    SELECT n.classid, n.objid, n.part_oid, 'r'::"char" AS type, true AS takes_defaults, n.identity, 'TABLE ' || n.identity AS target, c.relacl AS acl, c.relowner AS owner, c.relnamespace AS space
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT n.classid, n.objid, n.part_oid, 'f', true, n.identity, CASE f.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || n.identity, f.proacl, f.proowner, f.pronamespace
    FROM named n JOIN pg_catalog.pg_proc f ON f.oid = n.part_oid WHERE n.part_class = 'pg_catalog.pg_proc'::regclass
    UNION ALL
    SELECT n.classid, n.objid, n.part_oid, 'T', t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c', n.identity, 'TYPE ' || n.identity, t.typacl, t.typowner, t.typnamespace
    FROM named n JOIN pg_catalog.pg_type t ON t.oid = n.part_oid LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE n.part_class = 'pg_catalog.pg_type'::regclass AND t.typtype IN ('e', 'd', 'r', 'c', 'm')
), object AS MATERIALIZED (
    -- where nobody ever granted anything and nothing is granted by default, there is nothing to compare
    SELECT row_number() OVER () AS id, k.* FROM known k CROSS JOIN me
    WHERE k.acl IS NOT NULL OR ((me.has_defaults OR $3::bool) AND k.takes_defaults)
       OR (k.type = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_attribute t WHERE t.attrelid = k.part_oid AND t.attacl IS NOT NULL))
), live AS MATERIALIZED (
    SELECT o.id, NULL::text AS col, a.grantor, a.grantee, a.privilege_type AS privilege, a.is_grantable AS grantable, a.n
    FROM object o CROSS JOIN LATERAL ROWS FROM (pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(o.type, o.owner)))) WITH ORDINALITY AS a(grantor, grantee, privilege_type, is_grantable, n)
    UNION ALL
    SELECT o.id, t.attname::text, a.grantor, a.grantee, a.privilege_type, a.is_grantable, t.attnum * 1000 + a.n
    FROM object o JOIN pg_catalog.pg_attribute t ON t.attrelid = o.part_oid AND o.type = 'r' AND t.attacl IS NOT NULL AND NOT t.attisdropped
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.aclexplode(t.attacl)) WITH ORDINALITY AS a(grantor, grantee, privilege_type, is_grantable, n)
), fresh AS MATERIALIZED (
    SELECT o.id, CASE WHEN a.grantor = me.oid THEN o.owner ELSE a.grantor END AS grantor, CASE WHEN a.grantee = me.oid THEN o.owner ELSE a.grantee END AS grantee,
           a.privilege_type AS privilege, bool_or(a.is_grantable) AS grantable
    FROM object o CROSS JOIN me
    LEFT JOIN pg_catalog.pg_default_acl g ON NOT $3::bool AND o.takes_defaults AND g.defaclrole = me.oid AND g.defaclnamespace = 0 AND g.defaclobjtype = o.type
    LEFT JOIN pg_catalog.pg_default_acl s ON NOT $3::bool AND o.takes_defaults AND s.defaclrole = me.oid AND s.defaclnamespace = o.space AND s.defaclobjtype = o.type
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(g.defaclacl, pg_catalog.acldefault(o.type, me.oid)) || coalesce(s.defaclacl, '{}')) a
    GROUP BY 1, 2, 3, 4
), gone AS (
    SELECT x.*, x.privilege IN (SELECT l.privilege FROM live l WHERE (l.id, l.grantor, l.grantee) = (x.id, x.grantor, x.grantee) AND l.col IS NULL) AS only_option
    FROM (SELECT f.id, f.grantor, f.grantee, f.privilege, f.grantable FROM fresh f
          EXCEPT SELECT l.id, l.grantor, l.grantee, l.privilege, l.grantable FROM live l WHERE l.col IS NULL) x
    WHERE x.grantable OR NOT EXISTS (SELECT FROM live l WHERE (l.id, l.grantor, l.grantee, l.privilege) = (x.id, x.grantor, x.grantee, x.privilege) AND l.col IS NULL)
), missing AS (
    SELECT l.* FROM live l
    JOIN (SELECT l.id, coalesce(l.col, '') AS col, l.grantor, l.grantee, l.privilege, l.grantable FROM live l
          EXCEPT SELECT f.id, '', f.grantor, f.grantee, f.privilege, f.grantable FROM fresh f) x
      ON (l.id, coalesce(l.col, ''), l.grantor, l.grantee, l.privilege) = (x.id, x.col, x.grantor, x.grantee, x.privilege)
    WHERE x.grantable OR l.col IS NOT NULL OR NOT EXISTS (SELECT FROM fresh f WHERE (f.id, f.grantor, f.grantee, f.privilege) = (l.id, l.grantor, l.grantee, l.privilege))
), said AS (
    SELECT o.id, 49 AS rank, 0::int8 AS n, 'reset' AS aspect, NULL::text AS col, o.owner AS grantee, NULL::oid AS grantor, NULL::text AS option, NULL::text AS with_option, NULL::text AS privileges
    FROM object o WHERE $3::bool AND o.takes_defaults
    UNION ALL
    SELECT g.id, 50, 0, 'revoke', NULL, g.grantee, NULL,
           CASE WHEN g.only_option THEN 'GRANT OPTION FOR ' END, NULL, string_agg(g.privilege, ', ' ORDER BY g.privilege)
    FROM gone g
    GROUP BY g.id, g.grantee, g.only_option
    UNION ALL
    SELECT m.id, 51, min(m.n) + CASE WHEN m.grantor = o.owner THEN 0 ELSE 1000000 END, CASE WHEN m.col IS NULL THEN 'grant' ELSE 'column_grant' END, m.col, m.grantee, m.grantor,
           NULL, CASE WHEN m.grantable THEN ' WITH GRANT OPTION' END, string_agg(m.privilege || CASE WHEN m.col IS NULL THEN '' ELSE format(' (%I)', m.col) END, ', ' ORDER BY m.n)
    FROM missing m JOIN object o ON o.id = m.id
    GROUP BY m.id, m.grantor, m.grantee, m.grantable, m.col, o.owner
), spoken AS (
    SELECT o.classid, o.objid, o.owner, o.type, o.identity, s.*, CASE WHEN s.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(s.grantee)) END AS role, o.target
    FROM said s JOIN object o ON o.id = s.id
)
SELECT s.classid::int8, s.objid::int8, s.rank, s.aspect, coalesce(s.col, CASE WHEN s.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(s.grantee)::text END) AS subject,
       CASE s.aspect WHEN 'revoke' THEN format('REVOKE %s%s ON %s FROM %s', s.option, s.privileges, s.target, s.role)
                     WHEN 'reset' THEN format('DO %L', format($reset$DECLARE acl aclitem[]; other oid; BEGIN
SELECT o.%1$I INTO acl FROM pg_catalog.%2$I AS o WHERE o.oid = %3$L::pg_catalog.%4$I;
IF acl IS NOT NULL THEN -- by default privileges
FOR other IN SELECT DISTINCT a.grantee FROM pg_catalog.aclexplode(acl) AS a LOOP
EXECUTE pg_catalog.format('REVOKE ALL ON %%s FROM %%s', %5$L, CASE other WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(other)) END);
END LOOP;
EXECUTE pg_catalog.format('GRANT ALL ON %%s TO %%s', %5$L, %6$L);
END IF; END$reset$,
                         CASE s.type WHEN 'r' THEN 'relacl' WHEN 'f' THEN 'proacl' ELSE 'typacl' END, CASE s.type WHEN 'r' THEN 'pg_class' WHEN 'f' THEN 'pg_proc' ELSE 'pg_type' END,
                         s.identity, CASE s.type WHEN 'r' THEN 'regclass' WHEN 'f' THEN 'regprocedure' ELSE 'regtype' END,
                         s.target, s.role || CASE WHEN s.type = 'r' THEN '' ELSE ', PUBLIC' END))
                     ELSE format('GRANT %s ON %s TO %s%s', s.privileges, s.target, s.role, s.with_option) END AS statement,
       CASE WHEN s.grantor <> s.owner THEN pg_catalog.pg_get_userbyid(s.grantor)::text END AS role,
       coalesce(s.grantor = s.owner OR pg_catalog.pg_has_role(s.grantor, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END), true) AS allowed,
       CASE s.aspect WHEN 'reset' THEN NULL WHEN 'revoke' THEN format('GRANT %s ON %s TO %s%s', s.privileges, s.target, s.role, CASE WHEN s.option IS NOT NULL THEN ' WITH GRANT OPTION' END)
                     ELSE format('REVOKE %s ON %s FROM %s', s.privileges, s.target, s.role) END AS undo, NULL::text AS part_of_table
FROM spoken s ORDER BY 1, 2, 3, s.n, s.target, 5, 6
