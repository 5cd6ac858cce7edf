GRANT USAGE ON SCHEMA app TO pgmg_test_reader;
GRANT SELECT (id), INSERT ON app.t TO pgmg_test_reader;
GRANT USAGE ON SEQUENCE app.t_id_seq TO pgmg_test_reader;
GRANT USAGE ON TYPE app.k TO pgmg_test_reader;
