-- Which of some collations ($1: OIDs) take values for equal that are written differently.
SELECT c.oid::int8 FROM pg_catalog.pg_collation c WHERE c.oid = ANY ($1::oid[]) AND NOT c.collisdeterministic ORDER BY 1
