-- As commit_marker. The last column is an earlier snapshot ($1) if all transactions that ended since were rolled back,
-- else NULL: one whose outcome is no longer known counts as committed, and so does one of more than a thousand. An
-- earlier snapshot may come from another server behind the same pooler, whose transactions this one does not know.
SELECT pg_catalog.current_database()::text, pg_catalog.pg_postmaster_start_time()::text, current_user::text,
       pg_catalog.current_setting('search_path'), now::text,
       CASE WHEN pg_catalog.pg_snapshot_xmax(now)::text::int8 - pg_catalog.pg_snapshot_xmax(earlier)::text::int8
                 BETWEEN 0 AND 1000 AND NOT EXISTS (
                     SELECT FROM (
                         SELECT number::text::xid8
                         FROM pg_catalog.generate_series(pg_catalog.pg_snapshot_xmax(earlier)::text::int8,
                                                         pg_catalog.pg_snapshot_xmax(now)::text::int8 - 1) AS number
                         UNION ALL
                         SELECT pg_catalog.pg_snapshot_xip(earlier)
                     ) AS ended (id)
                     WHERE CASE WHEN pg_catalog.pg_visible_in_snapshot(id, now)
                                THEN pg_catalog.pg_xact_status(id) IS DISTINCT FROM 'aborted' END
                 )
            THEN earlier::text END
FROM (SELECT pg_catalog.pg_current_snapshot(), $1::pg_catalog.pg_snapshot) AS snapshots (now, earlier)
WHERE NOT pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_current_xact_id_if_assigned() IS NULL
