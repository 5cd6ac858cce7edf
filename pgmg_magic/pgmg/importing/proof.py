"""Proves an import: the project, applied to an empty database, gives the dump of the original."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import query
from pgmg.catalog.reading.snapshot_reader import read_server, read_snapshot
from pgmg.catalog.servers.dump_archive import dump_archive, dump_text
from pgmg.catalog.servers.scratch_database import scratch_database, scratch_server
from pgmg.catalog.sessions.connection import connect
from pgmg.errors import DumpError, EmbeddedServerError, PgmgError, ScratchError
from pgmg.importing.foreign import divide, ignored_patterns, read_foreign
from pgmg.model.database.state_layout import OWN_TABLES
from pgmg.model.naming.quoting import quote
from pgmg.source import same_wording
from pgmg.source.migrations.dumped import comparable_statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.results.import_report import Proof

_MAJOR = 10000
_ABSENT = "the server of the empty database does not offer {}. --scratch URL names a server that does."


def prove(
    settings: Settings, dsn: str, scratch: str | None, planned: Proof, unreadable: Sequence[tuple[str, str]] = ()
) -> Proof:
    """Return `planned` with what comparing the dumps of both databases found.

    What the setting `ignore` names is compared on neither side; where the project refers to it, an empty database
    cannot hold the project. `unreadable` are schema and name of ignored tables that the role may not read. Where the
    empty database is on another major version, a difference proves nothing: two servers may word one definition in two
    ways. Where its server lacks an extension, a tablespace or a locale of the original, the project cannot be applied
    there. All this is said as the reason why there is no proof.
    """
    try:
        return _proved(settings, dsn, scratch, planned, unreadable)
    except (EmbeddedServerError, ScratchError, DumpError) as error:
        return replace(planned, why=_one_line(error))


def _proved(
    settings: Settings, dsn: str, scratch: str | None, planned: Proof, unreadable: Sequence[tuple[str, str]]
) -> Proof:
    from pgmg.project import Project

    with connect(dsn) as conn:
        version = conn.info.server_version
        roles = [role for (role,) in conn.execute(query("import_roles"))]
        user = _user(conn)
        original, needs = _dump(conn, dsn, settings, unreadable)
    if needs:
        return replace(planned, why=f"the project needs what ignore leaves to somebody else: {', '.join(needs)}")
    own = user if scratch is None else None
    with scratch_server(scratch) as server, scratch_database(server, roles, own) as target:
        with connect(target) as conn:
            there, builder = conn.info.server_version, _user(conn)
        try:
            with Project(replace(settings, connection_string=target, role=None)) as project:
                project.apply(yes=True)
        except PgmgError as error:
            if absent := _absent(dsn, target):
                return replace(planned, why=_ABSENT.format(", ".join(absent)))
            return replace(planned, is_dump_equal=False, differences=(f"The project cannot be applied: {error}",))
        with connect(target) as conn:
            rebuilt, _ = _dump(conn, target, settings, ())
    wanted, found = _counted(original, user), _counted(rebuilt, builder)
    lost, gained = _unlike(wanted - found, found - wanted)
    differences = (*_listed("only in the original", lost), *_listed("only in the rebuilt", gained))
    majors = version // 10000, there // 10000
    if differences and majors[0] != majors[1]:
        why = (
            f"the dumps differ, perhaps only in their wording: the original is on PostgreSQL {majors[0]}, the empty "
            f"database on {majors[1]}. --scratch URL names a server of the same version."
        )
        return replace(planned, why=why, differences=differences)
    return replace(planned, is_dump_equal=not differences, compared=wanted.total(), differences=differences)


def _dump(
    conn: Connection, dsn: str, settings: Settings, unreadable: Sequence[tuple[str, str]]
) -> tuple[str, Mapping[str, str]]:
    """Return the SQL of a database without what is ignored, and what of that the rest refers to."""
    excluded = (*((settings.state_schema, table) for table in OWN_TABLES), *unreadable)
    options = [f"--exclude-table={quote(schema)}.{quote(table)}" for schema, table in excluded]
    options.append("--no-subscriptions")
    version = conn.info.server_version
    with conn.transaction():
        server = read_server(conn, settings.state_schema)
        if not settings.ignore and not server.has_original:
            return dump_text(dsn, version, options), {}
        snapshot = read_snapshot(conn, settings.state_schema)
        foreign = read_foreign(conn, snapshot, ignored_patterns(settings, snapshot))
    with dump_archive(dsn, version, options) as archive:
        divided = divide(archive.entries(), foreign)
        return archive.sql(divided.ours), divided.needs


def _absent(dsn: str, target: str) -> list[str]:
    """Say what the original database has that the server of the database `target` does not offer."""
    with connect(dsn) as conn:
        needed = conn.execute(query("needed_of_server")).fetchall()
    with connect(target) as conn:
        offered = {_offer(*row) for row in conn.execute(query("offered_by_server"))}
    return [f"{kind} {name}" for kind, name in needed if _offer(kind, name) not in offered]


def _offer(kind: str, name: str) -> tuple[str, str]:
    """Return both so that they compare: libc accepts `de_DE.UTF-8` and `de_DE.utf8` for one locale."""
    return kind, name.lower().replace("-", "") if kind == "locale" else name


def _user(conn: Connection) -> str:
    row = conn.execute("SELECT current_user::text").fetchone()
    assert row is not None  # the query has no FROM
    return str(row[0])


def _counted(text: str, user: str) -> Counter[str]:
    return Counter(comparable_statements(text, user))


def _unlike(one: Counter[str], other: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """Return the statements without pairs that say the same in two wordings: files are laid out for people to read."""
    lost, gained = Counter(one), Counter(other)
    for statement in one.elements():
        twin = next((text for text in gained if same_wording(statement, text)), None)
        if twin is not None:
            lost, gained = lost - Counter([statement]), gained - Counter([twin])
    return lost, gained


def _listed(where: str, statements: Counter[str]) -> Iterator[str]:
    return (f"{where}: {statement}" for statement in sorted(statements.elements()))


def _one_line(error: PgmgError) -> str:
    return str(error).partition("\n")[0]
