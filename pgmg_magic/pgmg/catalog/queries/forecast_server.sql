-- What decides about rewrites besides the table: casts without a function, search_path, time zone, tablespace, version.
SELECT
  (SELECT pg_catalog.array_agg(ARRAY[k.castsource::int8, k.casttarget::int8])
   FROM pg_catalog.pg_cast k WHERE k.castmethod = 'b'),
  (SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name = 'TimeZone'),
  coalesce((SELECT t.spcname::text FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
            WHERE d.datname = pg_catalog.current_database()), ''),
  pg_catalog.current_setting('server_version_num')::int4
