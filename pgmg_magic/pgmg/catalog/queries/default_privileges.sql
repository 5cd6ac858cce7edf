-- What ALTER DEFAULT PRIVILEGES has set: for which creator, in which schema (or none), for which objects, to whom.
-- A row without a privilege says that a creator's objects have no privileges at all.
SELECT pg_catalog.pg_get_userbyid(d.defaclrole)::text AS creator, n.nspname::text AS schema,
       CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END AS objects,
       pg_catalog.pg_get_userbyid(a.grantor)::text AS grantor, CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
       a.privilege_type::text AS privilege, a.is_grantable
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
LEFT JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a ON true
