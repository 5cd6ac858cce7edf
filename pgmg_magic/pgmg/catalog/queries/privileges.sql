-- The statements that turn the privileges a newly made object would have into those it has now (rule 6.1).
-- Newly made: by the current role, with its default privileges, then given to the present owner.
-- $1, $2: catalogs and OIDs. Read under the search_path pg_catalog.
WITH named AS MATERIALIZED (
    SELECT w.classid, w.objid, i.identity FROM unnest($1::oid[], $2::oid[]) AS w(classid, objid)
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(w.classid, w.objid, 0) i
), me AS MATERIALIZED (
    SELECT r.oid, EXISTS (SELECT FROM pg_catalog.pg_default_acl d WHERE d.defaclrole = r.oid) AS has_defaults
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
), known AS (
    SELECT n.classid, n.objid, 'r'::"char" AS type, 'TABLE ' || n.identity AS target, c.relacl AS acl, c.relowner AS owner, c.relnamespace AS space
    FROM named n JOIN pg_catalog.pg_class c ON c.oid = n.objid WHERE n.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT n.classid, n.objid, 'f', CASE f.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || n.identity, f.proacl, f.proowner, f.pronamespace
    FROM named n JOIN pg_catalog.pg_proc f ON f.oid = n.objid WHERE n.classid = 'pg_catalog.pg_proc'::regclass
    UNION ALL
    SELECT n.classid, n.objid, 'T', 'TYPE ' || n.identity, t.typacl, t.typowner, t.typnamespace
    FROM named n JOIN pg_catalog.pg_type t ON t.oid = n.objid LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE n.classid = 'pg_catalog.pg_type'::regclass AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
), object AS MATERIALIZED (
    -- where nobody ever granted anything and nothing is granted by default, there is nothing to compare
    SELECT k.* FROM known k CROSS JOIN me
    WHERE k.acl IS NOT NULL OR me.has_defaults
       OR (k.type = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_attribute t WHERE t.attrelid = k.objid AND t.attacl IS NOT NULL))
), live AS MATERIALIZED (
    SELECT o.classid, o.objid, NULL::text AS col, a.grantor, a.grantee, a.privilege_type AS privilege, a.is_grantable AS grantable, a.n
    FROM object o CROSS JOIN LATERAL ROWS FROM (pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(o.type, o.owner)))) WITH ORDINALITY AS a(grantor, grantee, privilege_type, is_grantable, n)
    UNION ALL
    SELECT o.classid, o.objid, t.attname::text, a.grantor, a.grantee, a.privilege_type, a.is_grantable, t.attnum * 1000 + a.n
    FROM object o JOIN pg_catalog.pg_attribute t ON t.attrelid = o.objid AND o.type = 'r' AND t.attacl IS NOT NULL AND NOT t.attisdropped
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.aclexplode(t.attacl)) WITH ORDINALITY AS a(grantor, grantee, privilege_type, is_grantable, n)
), fresh AS MATERIALIZED (
    SELECT o.classid, o.objid, CASE WHEN a.grantor = me.oid THEN o.owner ELSE a.grantor END AS grantor, CASE WHEN a.grantee = me.oid THEN o.owner ELSE a.grantee END AS grantee,
           a.privilege_type AS privilege, bool_or(a.is_grantable) AS grantable
    FROM object o CROSS JOIN me
    LEFT JOIN pg_catalog.pg_default_acl g ON g.defaclrole = me.oid AND g.defaclnamespace = 0 AND g.defaclobjtype = o.type
    LEFT JOIN pg_catalog.pg_default_acl s ON s.defaclrole = me.oid AND s.defaclnamespace = o.space AND s.defaclobjtype = o.type
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(g.defaclacl, pg_catalog.acldefault(o.type, me.oid)) || coalesce(s.defaclacl, '{}')) a
    GROUP BY 1, 2, 3, 4, 5
), gone AS (
    SELECT x.*, x.privilege IN (SELECT l.privilege FROM live l WHERE (l.classid, l.objid, l.grantor, l.grantee) = (x.classid, x.objid, x.grantor, x.grantee) AND l.col IS NULL) AS only_option
    FROM (SELECT f.classid, f.objid, f.grantor, f.grantee, f.privilege, f.grantable AND f.grantor <> f.grantee AS grantable FROM fresh f
          EXCEPT SELECT l.classid, l.objid, l.grantor, l.grantee, l.privilege, l.grantable AND l.grantor <> l.grantee FROM live l WHERE l.col IS NULL) x
    WHERE x.grantable OR NOT EXISTS (SELECT FROM live l WHERE (l.classid, l.objid, l.grantor, l.grantee, l.privilege) = (x.classid, x.objid, x.grantor, x.grantee, x.privilege) AND l.col IS NULL)
), missing AS (
    SELECT l.* FROM live l
    JOIN (SELECT l.classid, l.objid, coalesce(l.col, '') AS col, l.grantor, l.grantee, l.privilege, l.grantable AND l.grantor <> l.grantee AS grantable FROM live l
          EXCEPT SELECT f.classid, f.objid, '', f.grantor, f.grantee, f.privilege, f.grantable AND f.grantor <> f.grantee FROM fresh f) x
      ON (l.classid, l.objid, coalesce(l.col, ''), l.grantor, l.grantee, l.privilege) = (x.classid, x.objid, x.col, x.grantor, x.grantee, x.privilege)
    WHERE x.grantable OR l.col IS NOT NULL OR NOT EXISTS (SELECT FROM fresh f WHERE (f.classid, f.objid, f.grantor, f.grantee, f.privilege) = (l.classid, l.objid, l.grantor, l.grantee, l.privilege))
), said AS (
    SELECT g.classid, g.objid, 50 AS rank, 0::int8 AS n, 'revoke' AS aspect, CASE WHEN g.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END AS subject, NULL::oid AS grantor,
           format('REVOKE %s%s ON %s FROM %s', CASE WHEN g.only_option THEN 'GRANT OPTION FOR ' END, string_agg(g.privilege, ', ' ORDER BY g.privilege), o.target, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END) AS statement, o.owner
    FROM gone g JOIN object o ON o.classid = g.classid AND o.objid = g.objid
    GROUP BY g.classid, g.objid, g.grantee, g.only_option, o.target, o.owner
    UNION ALL
    SELECT m.classid, m.objid, 51, min(m.n) + CASE WHEN m.grantor = o.owner THEN 0 ELSE 1000000 END, CASE WHEN m.col IS NULL THEN 'grant' ELSE 'column_grant' END, coalesce(m.col, CASE WHEN m.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(m.grantee)::text END), m.grantor,
           format('GRANT %s ON %s TO %s%s', string_agg(m.privilege || CASE WHEN m.col IS NULL THEN '' ELSE format(' (%I)', m.col) END, ', ' ORDER BY m.n), o.target,
                  CASE WHEN m.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(m.grantee)) END, CASE WHEN m.grantable THEN ' WITH GRANT OPTION' END), o.owner
    FROM missing m JOIN object o ON o.classid = m.classid AND o.objid = m.objid
    GROUP BY m.classid, m.objid, m.grantor, m.grantee, m.grantable, m.col, o.target, o.owner
)
SELECT s.classid::int8, s.objid::int8, s.rank, s.aspect, s.subject, s.statement,
       CASE WHEN s.grantor <> s.owner THEN pg_catalog.pg_get_userbyid(s.grantor)::text END AS role,
       coalesce(s.grantor = s.owner OR pg_catalog.pg_has_role(s.grantor, 'MEMBER'), true) AS allowed
FROM said s ORDER BY 1, 2, 3, s.n, 5, 6
