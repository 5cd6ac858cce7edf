CREATE FUNCTION jobs.finish(j tasks) RETURNS void LANGUAGE sql AS $$ UPDATE tasks SET state = 'done' WHERE id = (j).id $$;
CREATE FUNCTION jobs.start(tasks[]) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN UPDATE tasks SET state = 'started'; RETURN 1; END $$;
COMMENT ON FUNCTION jobs.finish IS 'done';
