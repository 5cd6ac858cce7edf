CREATE VIEW widths AS SELECT length(number) AS width FROM numbers;
