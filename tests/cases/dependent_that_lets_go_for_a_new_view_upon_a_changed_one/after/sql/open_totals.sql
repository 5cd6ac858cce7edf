CREATE VIEW open_totals AS SELECT count(*) AS n FROM recent;
