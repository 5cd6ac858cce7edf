CREATE VIEW mine AS SELECT both_of AS mine FROM pairs; GRANT SELECT ON mine TO PUBLIC; COMMENT ON COLUMN mine.mine IS 'by hand';
