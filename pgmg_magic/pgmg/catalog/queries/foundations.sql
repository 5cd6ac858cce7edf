-- What lies around the objects of a database and can be dropped by us: schemas but public, publications, foreign servers
-- and their wrappers, extensions. What belongs to an extension goes with it. In the order in which they are dropped.
WITH member AS MATERIALIZED (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
)
SELECT f.words, f.name, f.classid::oid::int8, f.oid::int8, pg_catalog.pg_get_userbyid(f.owner)::text FROM (
    SELECT 1 AS rank, 'PUBLICATION' AS words, p.pubname::text AS name, 'pg_catalog.pg_publication'::regclass AS classid, p.oid, p.pubowner AS owner
    FROM pg_catalog.pg_publication p
    UNION ALL
    SELECT 2, 'SERVER', s.srvname::text, 'pg_catalog.pg_foreign_server'::regclass, s.oid, s.srvowner
    FROM pg_catalog.pg_foreign_server s
    UNION ALL
    SELECT 3, 'FOREIGN DATA WRAPPER', w.fdwname::text, 'pg_catalog.pg_foreign_data_wrapper'::regclass, w.oid, w.fdwowner
    FROM pg_catalog.pg_foreign_data_wrapper w
    UNION ALL
    SELECT 4, 'SCHEMA', n.nspname::text, 'pg_catalog.pg_namespace'::regclass, n.oid, n.nspowner
    FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
    UNION ALL
    SELECT 5, 'EXTENSION', e.extname::text, 'pg_catalog.pg_extension'::regclass, e.oid, e.extowner
    FROM pg_catalog.pg_extension e
) AS f
WHERE pg_catalog.pg_has_role(f.owner, 'USAGE')
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = f.classid AND m.objid = f.oid)
ORDER BY f.rank, f.name
