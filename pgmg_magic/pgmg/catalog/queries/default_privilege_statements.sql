-- Default privileges as statements: what they add to, or take from, the privileges that PostgreSQL grants by itself.
-- Those of a schema are only ever added.
WITH known AS (
    SELECT d.oid, d.defaclrole, d.defaclacl, n.nspname,
           CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS objects,
           CASE WHEN d.defaclnamespace = 0
                THEN pg_catalog.acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' WHEN 'L' THEN 'L' ELSE d.defaclobjtype END::"char", d.defaclrole) END AS usual
    FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
), granted AS (
    SELECT k.oid, a.grantee, a.privilege_type, a.is_grantable AND a.grantee <> k.defaclrole AS grantable FROM known k CROSS JOIN LATERAL pg_catalog.aclexplode(k.defaclacl) a
), usual AS (
    SELECT k.oid, a.grantee, a.privilege_type FROM known k CROSS JOIN LATERAL pg_catalog.aclexplode(k.usual) a
), said AS (
    SELECT u.oid, u.grantee, false AS granted, false AS grantable, u.privilege_type FROM usual u
    WHERE NOT EXISTS (SELECT FROM granted g WHERE (g.oid, g.grantee, g.privilege_type) = (u.oid, u.grantee, u.privilege_type))
    UNION ALL
    SELECT g.oid, g.grantee, true, g.grantable, g.privilege_type FROM granted g
    WHERE g.grantable OR NOT EXISTS (SELECT FROM usual u WHERE (u.oid, u.grantee, u.privilege_type) = (g.oid, g.grantee, g.privilege_type))
)
SELECT pg_catalog.pg_get_userbyid(k.defaclrole)::text, k.nspname::text,
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s %s %s ON %s %s %s%s', pg_catalog.pg_get_userbyid(k.defaclrole), ' IN SCHEMA ' || quote_ident(k.nspname),
              CASE WHEN s.granted THEN 'GRANT' ELSE 'REVOKE' END, string_agg(s.privilege_type, ', ' ORDER BY s.privilege_type), k.objects,
              CASE WHEN s.granted THEN 'TO' ELSE 'FROM' END, CASE WHEN s.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(s.grantee)) END,
              CASE WHEN s.grantable THEN ' WITH GRANT OPTION' END)
FROM said s JOIN known k ON k.oid = s.oid
GROUP BY k.oid, k.defaclrole, k.nspname, k.objects, s.grantee, s.granted, s.grantable
ORDER BY 1, 2 NULLS FIRST, k.objects, s.granted, s.grantee, s.grantable
