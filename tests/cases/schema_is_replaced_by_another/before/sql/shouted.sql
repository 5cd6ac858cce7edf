CREATE MATERIALIZED VIEW shouted AS SELECT upper(name) AS name FROM names;
