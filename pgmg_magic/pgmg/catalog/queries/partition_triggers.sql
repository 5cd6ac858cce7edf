-- Triggers that partitions have of a partitioned table, each with the trigger that was declared. Up to PostgreSQL 14 the
-- server calls them internal.
WITH RECURSIVE child(whole, part) AS (
    SELECT t.tgparentid, t.oid FROM pg_catalog.pg_trigger t WHERE t.tgparentid <> 0
    UNION ALL
    SELECT t.tgparentid, c.part FROM child c JOIN pg_catalog.pg_trigger t ON t.oid = c.whole WHERE t.tgparentid <> 0
)
SELECT 'pg_catalog.pg_trigger'::regclass::int8, c.part::int8, c.whole::int8 FROM child c
