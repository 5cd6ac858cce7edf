CREATE RECURSIVE VIEW v (id, depth) AS
  SELECT id, 1 FROM nodes WHERE up IS NULL
  UNION ALL SELECT n.id, v.depth + 1 FROM nodes n JOIN v ON n.up = v.id;
