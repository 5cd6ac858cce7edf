UPDATE t SET n = f(2);
INSERT INTO t (id) VALUES (1);
DO $$ BEGIN ASSERT (SELECT n FROM t WHERE id = 1) = 1, 'the default was not there'; END $$;
