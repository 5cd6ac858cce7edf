-- The one object of the catalog $1 in this session's temporary schema. $2: the function that asks, which is none of them.
WITH relation AS (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relkind IN ('r', 'v')
)
SELECT f.oid FROM pg_catalog.pg_proc f WHERE $1 = 'pg_catalog.pg_proc'::regclass AND f.pronamespace = pg_catalog.pg_my_temp_schema() AND f.proname <> $2
UNION ALL
SELECT t.oid FROM pg_catalog.pg_type t WHERE $1 = 'pg_catalog.pg_type'::regclass AND t.typnamespace = pg_catalog.pg_my_temp_schema() AND t.typtype IN ('d', 'r')
UNION ALL
SELECT k.oid FROM pg_catalog.pg_collation k WHERE $1 = 'pg_catalog.pg_collation'::regclass AND k.collnamespace = pg_catalog.pg_my_temp_schema()
UNION ALL
SELECT d.oid FROM pg_catalog.pg_ts_dict d WHERE $1 = 'pg_catalog.pg_ts_dict'::regclass AND d.dictnamespace = pg_catalog.pg_my_temp_schema()
UNION ALL
SELECT c.oid FROM pg_catalog.pg_ts_config c WHERE $1 = 'pg_catalog.pg_ts_config'::regclass AND c.cfgnamespace = pg_catalog.pg_my_temp_schema()
UNION ALL
SELECT s.oid FROM pg_catalog.pg_statistic_ext s WHERE $1 = 'pg_catalog.pg_statistic_ext'::regclass AND s.stxnamespace = pg_catalog.pg_my_temp_schema()
UNION ALL
SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE $1 = 'pg_catalog.pg_class'::regclass AND i.indrelid IN (SELECT r.oid FROM relation r)
UNION ALL
SELECT w.oid FROM pg_catalog.pg_rewrite w WHERE $1 = 'pg_catalog.pg_rewrite'::regclass AND w.ev_class IN (SELECT r.oid FROM relation r) AND w.rulename <> '_RETURN'
UNION ALL
SELECT p.oid FROM pg_catalog.pg_policy p WHERE $1 = 'pg_catalog.pg_policy'::regclass AND p.polrelid IN (SELECT r.oid FROM relation r)
UNION ALL
SELECT t.oid FROM pg_catalog.pg_trigger t WHERE $1 = 'pg_catalog.pg_trigger'::regclass AND t.tgrelid IN (SELECT r.oid FROM relation r) AND NOT t.tgisinternal
UNION ALL
SELECT d.oid FROM pg_catalog.pg_attrdef d WHERE $1 = 'pg_catalog.pg_attrdef'::regclass AND d.adrelid IN (SELECT r.oid FROM relation r)
