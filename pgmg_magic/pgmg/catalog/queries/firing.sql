-- Triggers, rules and event triggers that do not fire as they do by default (O).
SELECT 'pg_catalog.pg_trigger'::regclass::oid::int8, t.oid::int8, t.tgenabled::text FROM pg_catalog.pg_trigger t WHERE t.tgenabled <> 'O' AND NOT t.tgisinternal
UNION ALL
SELECT 'pg_catalog.pg_rewrite'::regclass::oid::int8, w.oid::int8, w.ev_enabled::text FROM pg_catalog.pg_rewrite w WHERE w.ev_enabled <> 'O'
UNION ALL
SELECT 'pg_catalog.pg_event_trigger'::regclass::oid::int8, e.oid::int8, e.evtenabled::text FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled <> 'O'
