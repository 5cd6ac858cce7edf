GRANT USAGE, CREATE ON SCHEMA app TO pgmg_test_reader;
GRANT INSERT ON app.t TO pgmg_test_reader;
GRANT SELECT ON SEQUENCE app.t_id_seq TO pgmg_test_reader;
