CREATE RECURSIVE VIEW v (id) AS
  SELECT id FROM nodes WHERE up IS NULL
  UNION ALL SELECT n.id FROM nodes n JOIN v ON n.up = v.id;
