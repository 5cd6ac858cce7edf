CREATE FUNCTION jobs.finish(j jobs.job) RETURNS void LANGUAGE sql AS $$ UPDATE jobs.job SET state = 'done' WHERE id = (j).id $$;
CREATE FUNCTION jobs.start(jobs.job[]) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN UPDATE jobs.job SET state = 'started'; RETURN 1; END $$;
COMMENT ON FUNCTION jobs.finish IS 'done';
