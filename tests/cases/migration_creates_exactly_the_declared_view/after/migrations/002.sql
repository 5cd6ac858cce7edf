CREATE VIEW v AS
  SELECT id FROM users; -- the same
