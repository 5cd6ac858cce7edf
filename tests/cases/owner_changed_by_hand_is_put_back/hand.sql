ALTER VIEW v OWNER TO pgmg_test_reader;
