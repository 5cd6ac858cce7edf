-- Were all transactions that ended between two snapshots rolled back? $1: the earlier snapshot, $2: the later one.
-- A transaction whose outcome is no longer known counts as committed.
SELECT NOT EXISTS (
    SELECT FROM (
        SELECT number::text::xid8 FROM generate_series(pg_catalog.pg_snapshot_xmax($1::pg_snapshot)::text::int8,
                                                       pg_catalog.pg_snapshot_xmax($2::pg_snapshot)::text::int8 - 1) AS number
        UNION ALL
        SELECT pg_catalog.pg_snapshot_xip($1::pg_snapshot)
    ) AS ended (id)
    WHERE pg_catalog.pg_visible_in_snapshot(id, $2::pg_snapshot)
      AND pg_catalog.pg_xact_status(id) IS DISTINCT FROM 'aborted'
)
