CREATE VIEW public.counted AS SELECT count(*) AS n FROM core.names;
