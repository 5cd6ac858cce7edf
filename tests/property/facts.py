"""A cheap oracle: what a database holds, read from its catalogs in one pass (pg_dump takes ten times as long)."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

_ACL = """coalesce((SELECT string_agg(concat_ws(' ', pg_get_userbyid(x.grantor), nullif(x.grantee, 0)::regrole,
  x.privilege_type, x.is_grantable), ', ' ORDER BY pg_get_userbyid(x.grantor), x.grantee::regrole::text, x.privilege_type)
  FROM aclexplode(coalesce({0}, acldefault({1}, {2}))) x), 'nobody')"""
_OF_RELATION, _OF_FUNCTION, _OF_TYPE = (
    _ACL.format("c.relacl", "'r'::\"char\"", "c.relowner"),
    _ACL.format("p.proacl", "'f'::\"char\"", "p.proowner"),
    _ACL.format("t.typacl", "'T'::\"char\"", "t.typowner"),
)

_QUERY = f"""
WITH schemas AS (
  SELECT n.oid FROM pg_namespace n WHERE n.nspname IN ('public', 'other')
), ours AS (
  SELECT c.* FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid
  WHERE c.relnamespace IN (SELECT n.oid FROM schemas n) AND c.relname NOT LIKE 'pgmg\\_%'
    AND NOT EXISTS (SELECT FROM pg_class t WHERE t.oid = x.indrelid AND t.relname LIKE 'pgmg\\_%')
)
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'i' THEN 'index' WHEN 'c' THEN 'type'
    WHEN 'r' THEN 'table' ELSE 'other' END || '.' || c.relnamespace::regnamespace || '.' || c.relname, c.oid::int8, c.relfilenode::int8,
  jsonb_build_object('options', c.reloptions, 'owner', c.relowner::regrole, 'populated', c.relispopulated,
    'acl', {_OF_RELATION},
    'comment', obj_description(c.oid, 'pg_class'),
    'query', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
    'index', CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END,
    'columns', (SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation,
        a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), a.attstattarget,
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM aclexplode(a.attacl) x)) ORDER BY a.attnum)
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'i'),
    'constraints', (SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid)) ORDER BY k.conname)
      FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 't'))::text
FROM ours c
UNION ALL
SELECT 'function.' || p.pronamespace::regnamespace || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')', p.oid::int8, 0,
  jsonb_build_object('sql', pg_get_functiondef(p.oid), 'owner', p.proowner::regrole, 'comment', obj_description(p.oid, 'pg_proc'),
    'acl', {_OF_FUNCTION})::text
FROM pg_proc p WHERE p.pronamespace IN (SELECT n.oid FROM schemas n)
UNION ALL
SELECT 'trigger.' || g.tgname || ' on ' || c.relnamespace::regnamespace || '.' || c.relname, g.oid::int8, 0,
  jsonb_build_object('sql', pg_get_triggerdef(g.oid), 'enabled', g.tgenabled, 'comment', obj_description(g.oid, 'pg_trigger'))::text
FROM pg_trigger g JOIN ours c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL
SELECT 'policy.' || y.polname || ' on ' || c.relnamespace::regnamespace || '.' || c.relname, y.oid::int8, 0,
  jsonb_build_object('using', pg_get_expr(y.polqual, y.polrelid), 'comment', obj_description(y.oid, 'pg_policy'))::text
FROM pg_policy y JOIN ours c ON c.oid = y.polrelid
UNION ALL
SELECT CASE t.typtype WHEN 'd' THEN 'domain.' WHEN 'e' THEN 'type.' ELSE 'row type.' END || t.typnamespace::regnamespace || '.' || t.typname, t.oid::int8, 0,
  jsonb_build_object('owner', t.typowner::regrole, 'comment', obj_description(t.oid, 'pg_type'),
    'acl', {_OF_TYPE}, 'default', t.typdefault, 'not null', t.typnotnull,
    'base', nullif(t.typbasetype, 0)::regtype,
    'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
    'checks', (SELECT jsonb_agg(pg_get_constraintdef(k.oid) ORDER BY pg_get_constraintdef(k.oid))
      FROM pg_constraint k WHERE k.contypid = t.oid))::text
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typnamespace IN (SELECT n.oid FROM schemas n) AND t.typname NOT LIKE '%pgmg\\_%'
  AND (t.typtype IN ('d', 'e') OR c.relkind = 'c')
"""


@dataclass(frozen=True)
class Facts:
    """`texts` are equal for equal databases; `oids` and `storage` tell whether something was made anew."""

    texts: dict[str, str]
    oids: dict[str, int]
    storage: dict[str, int]


def read(conn: psycopg.Connection) -> Facts:
    with conn.transaction():
        conn.execute("SET LOCAL search_path = pg_catalog")
        rows = conn.execute(_QUERY).fetchall()
        tables = [name.removeprefix("table.") for name, *_ in rows if name.startswith("table.")]
        counted = " UNION ALL ".join(f"SELECT 'rows of {t}', count(*)::text FROM {t}" for t in tables)
        texts = dict(conn.execute(counted).fetchall()) if tables else {}
    named = [(name.replace("public.", ""), *rest) for name, *rest in rows]
    texts |= {name: text for name, _, _, text in named}
    return Facts(texts, {name: oid for name, oid, _, _ in named}, {name: file for name, _, file, _ in named})
