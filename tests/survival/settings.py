"""Sets by hand whatever the server lets be set on the objects of a database: it decides which kinds can have what.

For every object there is a list of statements, one or none of which applies in a round: values that exclude each
other (a trigger is disabled, or fires always) have a round each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import errors, sql

ROUNDS = 3
ROLES = ("keep_owner", "keep_alice", "keep_carol")
OWNER, ALICE, CAROL = ROLES

_WORDS = {
    "table constraint": "CONSTRAINT",
    "domain constraint": "CONSTRAINT",
    "statistics object": "STATISTICS",
    "composite type": "TYPE",
}
_ON = re.compile(r' on (?=[^"]*(?:"[^"]*"[^"]*)*$)')

OBJECTS = """
SELECT i.type, i.identity, x.class::regclass::text, x.oid::int8,
       (SELECT c.relkind::text FROM pg_class c WHERE x.class = 'pg_class'::regclass AND c.oid = x.oid),
       (SELECT t.typtype::text FROM pg_type t WHERE x.class = 'pg_type'::regclass AND t.oid = x.oid),
       (SELECT f.prokind::text FROM pg_proc f WHERE x.class = 'pg_proc'::regclass AND f.oid = x.oid)
FROM (
    SELECT 'pg_class'::regclass::oid AS class, oid FROM pg_class WHERE relkind IN ('v', 'm', 'i', 'I') AND relnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'pg_trigger'::regclass, oid FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite
    UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy
    UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
) x CROSS JOIN LATERAL pg_identify_object(x.class, x.oid, 0) i
WHERE x.oid >= 16384 AND i.identity !~ '\\mpgmg' AND i.identity !~ '^pg_toast'
ORDER BY 3, 2
"""

STORAGE = ("fillfactor = 70", "autovacuum_enabled = false", "parallel_workers = 2")
TOAST = (
    "toast.autovacuum_enabled = false",
    "toast.autovacuum_vacuum_threshold = 77",
    "toast.log_autovacuum_min_duration = 5",
)
VIEW_OPTIONS = ("security_barrier = true", "security_invoker = true", "check_option = cascaded")
STATES = ("DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")


@dataclass
class Taken:
    """How many objects of which kind took which property; what the server refused, with its words."""

    done: Counter = field(default_factory=Counter)
    refused: dict = field(default_factory=dict)


def prepare(admin: psycopg.Connection) -> None:
    """Make the roles and the tablespace that settings are about, once for a server."""
    wanted = [sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)) for role in ROLES]
    wanted.append(sql.SQL("CREATE TABLESPACE keep_space LOCATION ''"))
    admin.execute("SET allow_in_place_tablespaces TO on")
    for statement in wanted:
        with suppress(errors.DuplicateObject, errors.UniqueViolation):  # other workers want them as well
            admin.execute(statement)


def set_all(dsn: str, number: int, provider: str | None = None) -> Taken:
    """Set everything that can be set, in the values of a round."""
    taken = Taken()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET search_path TO pg_catalog")
        objects = conn.execute(OBJECTS).fetchall()
        for phase in (_owners, _others, _privileges):
            for position, row in enumerate(objects):
                for about, statement in phase(conn, number, position, row, provider):
                    kind = row[0] if row[2] != "pg_type" else f"{row[0]} {row[5]}"
                    try:
                        with conn.transaction():
                            conn.execute("SET LOCAL client_min_messages TO error")
                            for part in statement.split(";\n"):
                                conn.execute(part)
                    except psycopg.Error as error:
                        taken.refused.setdefault(
                            (kind, about), f"{error.sqlstate} {error.diag.message_primary}: {statement}"
                        )
                    else:
                        taken.done[kind, about] += 1
    return taken


Row = tuple
Said = Iterator[tuple[str, str]]


def _owners(_conn: psycopg.Connection, number: int, position: int, row: Row, _provider: str | None) -> Said:
    """Owners first: they take privileges with them."""
    if number == 1 or (number == 2 and position % 2):
        yield "owner", f"ALTER {_target(row)} OWNER TO {OWNER}"


def _others(conn: psycopg.Connection, number: int, position: int, row: Row, provider: str | None) -> Said:
    _, identity, catalog, oid, relkind, *_ = row
    target = _target(row)
    yield "comment", f"COMMENT ON {target} IS 'it''s number {position} in round {number}'"
    if provider:
        yield "label", f"SECURITY LABEL FOR {provider} ON {target} IS 'label {position}'"
    for column, attnum, type_ in _columns(conn, catalog, oid):
        yield "comment on column", f"COMMENT ON COLUMN {identity}.{column} IS 'column {attnum}'"
        if provider:
            yield "label of column", f"SECURITY LABEL FOR {provider} ON COLUMN {identity}.{column} IS 'label'"
        if relkind == "m":
            alter = f"ALTER MATERIALIZED VIEW {identity} ALTER COLUMN {column}"
            yield "column statistics", f"{alter} SET STATISTICS {100 + attnum}"
            yield (
                "column options",
                f"{alter} SET ({('n_distinct = 5', 'n_distinct_inherited = -0.5', 'n_distinct = -1')[number]})",
            )
            if type_ == "text":
                yield "column storage", f"{alter} SET STORAGE {('PLAIN', 'EXTERNAL', 'MAIN')[number]}"
                yield "column compression", f"{alter} SET COMPRESSION {('pglz', 'pglz', 'default')[number]}"
        elif relkind in ("i", "I"):
            yield "column statistics", f"ALTER INDEX {identity} ALTER COLUMN {attnum} SET STATISTICS {100 + attnum}"
        elif relkind == "v":
            default = {"integer": "42", "text": "'x'"}.get(type_)
            if default:
                yield "column default", f"ALTER VIEW {identity} ALTER COLUMN {column} SET DEFAULT {default}"
    yield from _of_kind(conn, number, position, row)


def _of_kind(conn: psycopg.Connection, number: int, position: int, row: Row) -> Said:
    _, identity, catalog, oid, relkind, *_ = row
    match catalog, relkind:
        case "pg_class", "v":
            yield "options", f"ALTER VIEW {identity} SET ({VIEW_OPTIONS[number]})"
        case "pg_class", "m":
            yield "options", f"ALTER MATERIALIZED VIEW {identity} SET ({STORAGE[number]})"
            yield "toast options", f"ALTER MATERIALIZED VIEW {identity} SET ({TOAST[number]})"
            yield (
                "replica identity",
                f"ALTER MATERIALIZED VIEW {identity} REPLICA IDENTITY {('FULL', 'NOTHING', 'DEFAULT')[number]}",
            )
            yield "tablespace", f"ALTER MATERIALIZED VIEW {identity} SET TABLESPACE keep_space"
            yield "access method", f"ALTER MATERIALIZED VIEW {identity} SET ACCESS METHOD keep_heap"
            if number == 2:
                yield "not populated", f"REFRESH MATERIALIZED VIEW {identity} WITH NO DATA"
            yield "extension", f"ALTER MATERIALIZED VIEW {identity} DEPENDS ON EXTENSION plpgsql"
        case "pg_class", _:
            yield (
                "options",
                f"ALTER INDEX {identity} SET ({('fillfactor = 60', 'deduplicate_items = off', 'fillfactor = 80')[number]})",
            )
            yield "tablespace", f"ALTER INDEX {identity} SET TABLESPACE keep_space"
            table, name = _table_of(conn, oid)
            yield "cluster", f"ALTER TABLE {table} CLUSTER ON {name}"
            yield "replica identity", f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {name}"
            yield "extension", f"ALTER INDEX {identity} DEPENDS ON EXTENSION plpgsql"
        case "pg_proc", _:
            yield "extension", f"ALTER ROUTINE {identity} DEPENDS ON EXTENSION plpgsql"
        case "pg_trigger", _:
            name, table = _ON.split(identity)
            yield "state", f"ALTER TABLE ONLY {table} {STATES[(number + position) % 3]} TRIGGER {name}"
            yield "extension", f"ALTER TRIGGER {name} ON {table} DEPENDS ON EXTENSION plpgsql"
        case "pg_rewrite", _:
            name, table = _ON.split(identity)
            yield "state", f"ALTER TABLE {table} {STATES[(number + position) % 3]} RULE {name}"
        case "pg_event_trigger", _:
            yield "state", f"ALTER EVENT TRIGGER {identity} {STATES[number]}"
        case "pg_statistic_ext", _:
            yield "statistics target", f"ALTER STATISTICS {identity} SET STATISTICS {55 + number}"
        case _:
            pass


def _privileges(conn: psycopg.Connection, number: int, position: int, row: Row, _provider: str | None) -> Said:
    _, identity, catalog, oid, relkind, *_ = row
    match catalog:
        case "pg_class" if relkind in ("v", "m"):
            target, privileges = f"TABLE {identity}", ("SELECT", "INSERT, UPDATE", "ALL")
        case "pg_proc":
            target, privileges = f"ROUTINE {identity}", ("EXECUTE",) * 3
        case "pg_type":
            target, privileges = f"TYPE {identity}", ("USAGE",) * 3
        case _:
            return
    what = privileges[number]
    match (number + position) % 3:
        case 0:
            yield "grant", f"GRANT {what} ON {target} TO {ALICE}"
            yield "revoke from public", f"REVOKE ALL ON {target} FROM PUBLIC"
        case 1:
            by_alice = f"GRANT {what} ON {target} TO {CAROL}"
            yield (
                "grant by another",
                f"GRANT {what} ON {target} TO {ALICE} WITH GRANT OPTION;\nSET LOCAL ROLE {ALICE};\n{by_alice}",
            )
        case _:
            owner = conn.execute(
                f"SELECT pg_get_userbyid({_OWNERS[catalog]}) FROM {catalog} WHERE oid = {oid}"
            ).fetchone()[0]
            yield "revoke from the owner", f"REVOKE {what} ON {target} FROM {sql.Identifier(owner).as_string(None)}"
            yield "grant to public", f"GRANT {what} ON {target} TO PUBLIC"
    for column, attnum, _type in _columns(conn, catalog, oid) if relkind in ("v", "m") else ():
        if attnum % 2:
            yield "grant on column", f"GRANT UPDATE ({column}) ON {target} TO {CAROL}"
        else:
            by_alice = f"GRANT SELECT ({column}) ON {target} TO {CAROL}"
            yield (
                "grant on column by another",
                f"GRANT SELECT ({column}) ON {target} TO {ALICE} WITH GRANT OPTION;\nSET LOCAL ROLE {ALICE};\n{by_alice}",
            )


_OWNERS = {"pg_class": "relowner", "pg_proc": "proowner", "pg_type": "typowner"}


def _target(row: Row) -> str:
    type_, identity, _, _, _, typtype, prokind = row
    if type_ == "domain constraint":
        return f"CONSTRAINT {_ON.sub(' ON DOMAIN ', identity)}"
    if prokind == "a":
        return f"AGGREGATE {re.sub(r'[(][)]$', '(*)', identity)}"
    if typtype == "d":
        return f"DOMAIN {identity}"
    return f"{_WORDS.get(type_, type_.upper())} {_ON.sub(' ON ', identity)}"


def _columns(conn: psycopg.Connection, catalog: str, oid: int) -> list[tuple[str, int, str]]:
    about = {
        "pg_class": str(oid),
        "pg_type": f"(SELECT typrelid FROM pg_type WHERE oid = {oid} AND typtype = 'c')",
    }.get(catalog)
    if about is None:
        return []
    return conn.execute(
        f"SELECT quote_ident(attname), attnum, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = {about} AND attnum > 0 ORDER BY 2"
    ).fetchall()


def _table_of(conn: psycopg.Connection, index: int) -> tuple[str, str]:
    return conn.execute(
        "SELECT i.indrelid::regclass::text, quote_ident(c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.oid = %s",
        [index],
    ).fetchone()


def expected(number: int, major: int, provider: str | None) -> set[str]:
    """Return what some object takes in a round on a server of a major version."""
    always = {
        "comment", "comment on column", "column statistics", "column options", "column storage", "column default",
        "options", "toast options", "tablespace", "cluster", "replica identity", "extension", "state",
        "statistics target", "grant", "grant by another", "grant to public", "grant on column",
        "grant on column by another", "revoke from public", "revoke from the owner",
    }  # fmt: skip
    sometimes = {
        "owner": number > 0,
        "not populated": number == ROUNDS - 1,
        "column compression": number < ROUNDS - 1,
        "access method": major >= 15,
        "label": provider is not None,
        "label of column": provider is not None,
    }
    return always | {about for about, is_so in sometimes.items() if is_so}


def kinds_with(taken: Iterable[Taken]) -> dict[str, list[str]]:
    """Return by property the kinds that took it."""
    found: dict[str, set[str]] = {}
    for one in taken:
        for kind, about in one.done:
            found.setdefault(about, set()).add(kind)
    return {about: sorted(kinds) for about, kinds in sorted(found.items())}
