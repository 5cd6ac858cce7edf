CREATE VIEW public.counted AS SELECT count(*) AS n FROM app.names;
