-- The scratch databases whose advisory lock nobody holds. $1: the first key of these locks; the second one is the last
-- eight digits of the name.
SELECT d.datname::text
FROM pg_catalog.pg_database d
WHERE d.datname ~ '^pgmg_scratch_[0-9a-f]{12}$' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid::bigint = $1 AND l.objsubid = 2
        AND l.objid::bigint = ('x' || pg_catalog.lpad(pg_catalog.right(d.datname, 8), 16, '0'))::bit(64)::bigint
)
