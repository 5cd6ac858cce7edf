CREATE SCHEMA jobs;
CREATE TABLE jobs.job (id integer PRIMARY KEY, state text);
