-- How the values of some types ($1: OIDs) must be spelled before they are hashed, because the server's own hash tells too
-- few of them apart. Hashes of numeric leave the sign out, those of 64 bit integers and times have but 32 bits to go by,
-- a time with time zone whose two parts are equal has the hash of NULL, and so has a row of nothing but NULLs.
-- `number`: numeric. `signs`: holds numbers or rows inside (jsonb, arrays, ranges, composite types). `text`: holds 64 bit
-- values or rows inside, and equal values have the same text. Else the function that returns the bits of a 64 bit value.
WITH RECURSIVE part(root, type, is_domain) AS (
    SELECT t.type, t.type, true FROM unnest($1::oid[]) AS t(type)
    UNION
    SELECT p.root, i.type, p.is_domain AND t.typtype = 'd'
    FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type
    CROSS JOIN LATERAL (
        SELECT t.typbasetype WHERE t.typtype = 'd'
        UNION ALL
        SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
        UNION ALL
        SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid OR r.rngmultitypid = t.oid
        UNION ALL
        SELECT a.atttypid FROM pg_catalog.pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS i(type)
), leaf AS (
    SELECT p.root, p.type, p.is_domain, t.typtype = 'e' AS is_enum, s.proname::text AS bits
    FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type LEFT JOIN pg_catalog.pg_proc s ON s.oid = t.typsend
    WHERE t.typtype IN ('b', 'e') AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
), kinds AS (
    SELECT l.root, bool_or(l.type = 'pg_catalog.numeric'::regtype AND l.is_domain) AS is_number,
           bool_or(l.type IN ('pg_catalog.numeric'::regtype, 'pg_catalog.jsonb'::regtype)) AS holds_numbers,
           bool_or(l.type IN ('pg_catalog.int8'::regtype, 'pg_catalog.timestamp'::regtype, 'pg_catalog.timestamptz'::regtype,
                              'pg_catalog.time'::regtype, 'pg_catalog.timetz'::regtype, 'pg_catalog.xid8'::regtype, 'pg_catalog.pg_lsn'::regtype)) AS holds_wide,
           bool_and(l.is_enum OR l.type IN (
               'pg_catalog.int8'::regtype, 'pg_catalog.timestamp'::regtype, 'pg_catalog.timestamptz'::regtype,
               'pg_catalog.time'::regtype, 'pg_catalog.timetz'::regtype, 'pg_catalog.xid8'::regtype, 'pg_catalog.pg_lsn'::regtype, 'pg_catalog.int4'::regtype,
               'pg_catalog.int2'::regtype, 'pg_catalog.oid'::regtype, 'pg_catalog.bool'::regtype, 'pg_catalog.date'::regtype,
               'pg_catalog.uuid'::regtype, 'pg_catalog.bytea'::regtype, 'pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype)) AS is_its_text,
           max(l.bits) FILTER (WHERE l.is_domain) AS bits,
           l.root IN (SELECT p.root FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type WHERE t.typtype = 'c') AS holds_rows
    FROM leaf l
    GROUP BY l.root
)
SELECT k.root::int8, CASE WHEN k.is_number THEN 'number'
                          WHEN k.holds_numbers OR (k.holds_rows AND NOT k.is_its_text) THEN 'signs'
                          ELSE coalesce(k.bits, 'text') END
FROM kinds k
WHERE k.holds_numbers OR k.holds_rows OR (k.holds_wide AND k.is_its_text)
ORDER BY 1
