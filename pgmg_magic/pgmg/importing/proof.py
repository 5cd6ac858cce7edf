"""Proves an import: the project, applied to an empty database, gives the dump of the original."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.catalog_queries import query
from pgmg.catalog.connection import connect
from pgmg.catalog.dump_archive import dump_text
from pgmg.catalog.scratch_database import scratch_database, scratch_server
from pgmg.errors import DumpError, EmbeddedServerError, PgmgError, ScratchError
from pgmg.model.quoting import quote
from pgmg.model.state_layout import OWN_TABLES
from pgmg.source.migrations.dumped import comparable_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.catalog.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.import_report import Proof

_MAJOR = 10000


def prove(settings: Settings, dsn: str, scratch: str | None, planned: Proof) -> Proof:
    """Return `planned` with what comparing the dumps of both databases found.

    Where the empty database is on another major version, a difference proves nothing: two servers may word one
    definition in two ways. It is said as the reason why there is no proof.
    """
    try:
        return _proved(settings, dsn, scratch, planned)
    except (EmbeddedServerError, ScratchError, DumpError) as error:
        return replace(planned, why=_one_line(error))


def _proved(settings: Settings, dsn: str, scratch: str | None, planned: Proof) -> Proof:
    from pgmg.project import Project

    with connect(dsn) as conn:
        version = conn.info.server_version
        roles = [role for (role,) in conn.execute(query("import_roles"))]
        user = _user(conn)
    original = dump_text(dsn, version, _options(settings))
    own = user if scratch is None else None
    with scratch_server(scratch) as server, scratch_database(server, roles, own) as target:
        with connect(target) as conn:
            there, builder = conn.info.server_version, _user(conn)
        try:
            with Project(replace(settings, connection_string=target, role=None)) as project:
                project.apply(yes=True)
        except PgmgError as error:
            return replace(planned, is_dump_equal=False, differences=(f"The project cannot be applied: {error}",))
        rebuilt = dump_text(target, there, _options(settings))
    wanted, found = _counted(original, user), _counted(rebuilt, builder)
    differences = (*_listed("only in the original", wanted - found), *_listed("only in the rebuilt", found - wanted))
    majors = version // 10000, there // 10000
    if differences and majors[0] != majors[1]:
        why = (
            f"the dumps differ, perhaps only in their wording: the original is on PostgreSQL {majors[0]}, the empty "
            f"database on {majors[1]}. --scratch URL names a server of the same version."
        )
        return replace(planned, why=why, differences=differences)
    return replace(planned, is_dump_equal=not differences, compared=wanted.total(), differences=differences)


def _user(conn: Connection) -> str:
    row = conn.execute("SELECT current_user::text").fetchone()
    assert row is not None  # the query has no FROM
    return str(row[0])


def _options(settings: Settings) -> list[str]:
    own = [f"--exclude-table={quote(settings.state_schema)}.{quote(table)}" for table in OWN_TABLES]
    return [*own, "--no-subscriptions"]


def _counted(text: str, user: str) -> Counter[str]:
    return Counter(comparable_statements(text, user))


def _listed(where: str, statements: Counter[str]) -> Iterator[str]:
    return (f"{where}: {statement}" for statement in sorted(statements.elements()))


def _one_line(error: PgmgError) -> str:
    return str(error).partition("\n")[0]
