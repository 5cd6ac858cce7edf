-- Roles made for scratch databases, if no other session holds one. $1: the first key of the advisory locks, $2: the
-- comment of these roles.
SELECT r.rolname::text
FROM pg_catalog.pg_roles r
WHERE pg_catalog.shobj_description(r.oid, 'pg_authid') = $2 AND NOT r.rolcanlogin AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid::bigint = $1 AND l.objsubid = 2
        AND l.pid <> pg_catalog.pg_backend_pid()
)
