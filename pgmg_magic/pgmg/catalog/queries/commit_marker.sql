-- Which transactions does this session see? Equal answers mean that exactly the same transactions are visible: nothing
-- has been committed in between. No answer on a standby, whose snapshots do not list what is in progress, and in a
-- transaction that has changed something itself. The last column is that of commit_marker_since.
SELECT pg_catalog.current_database()::text, pg_catalog.pg_postmaster_start_time()::text, current_user::text,
       pg_catalog.current_setting('search_path'), pg_catalog.pg_current_snapshot()::text, NULL
WHERE NOT pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_current_xact_id_if_assigned() IS NULL
