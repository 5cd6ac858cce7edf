-- What decides which statistics there are: settings (null: hidden from the role), and the extension on this server.
SELECT
  (SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name = 'shared_preload_libraries'),
  pg_catalog.current_setting('track_activities')::boolean,
  pg_catalog.current_setting('track_functions'),
  pg_catalog.current_setting('track_counts')::boolean,
  EXISTS (SELECT FROM pg_catalog.pg_available_extensions AS e WHERE e.name = 'pg_stat_statements'),
  current_user::text,
  (SELECT d.stats_reset FROM pg_catalog.pg_stat_database AS d WHERE d.datname = pg_catalog.current_database())
