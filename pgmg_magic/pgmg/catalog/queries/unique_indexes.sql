-- The unique indexes of some relations ($1: OIDs) that hold for every row, as lists of column numbers: primary keys first.
SELECT i.indrelid::int8, (i.indkey::int2[])[0:i.indnkeyatts - 1]::int4[] AS columns
FROM pg_catalog.pg_index i
WHERE i.indrelid = ANY($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indrelid, i.indexrelid
