CREATE VIEW best AS SELECT max(total) AS best FROM totals;
