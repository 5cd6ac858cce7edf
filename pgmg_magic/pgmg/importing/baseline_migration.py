"""Writes the first migrations: what code files cannot declare, as pg_dump spells it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.catalog.servers.dump_archive import DumpEntry, dump_archive
from pgmg.importing.foreign import NOTHING_FOREIGN, Foreign, divide, needed
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.quoting import quote
from pgmg.model.results.import_report import LeftOut
from pgmg.model.secrets import mask_secrets
from pgmg.source.grammar.line_ends import spelled
from pgmg.source.migrations.dumped import DumpedStatement, dumped_statements
from pgmg.source.migrations.sections import BUILT_IN_PRIVILEGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.importing.declared_text import Unstated
    from pgmg.importing.files.code_files import ImportedCode
    from pgmg.model.database.snapshot import Address, ServerInfo

BASELINE = "baseline"
DETAILS = "details_of_declared_objects"
"""Names of the two migrations, without their numbers."""

_HEADER = """\
-- Schemas, extensions, tables, sequences and whatever else the code folder does not declare, as they were when the
-- database was taken over. Recorded as applied; it runs where a new database is built.
"""
_BUILT_IN_HEADER = f"{BUILT_IN_PRIVILEGES}\n"
"""pg_dump states privileges as they differ from those that the server gives by itself."""
_NEEDS_HEADER = """\
-- A new database needs before it what the setting ignore leaves to somebody else:
"""
_DETAILS_HEADER = """\
-- What the database keeps about declared objects and no code file can state. It runs where a new database is built;
-- pgmg preserves it whenever it recreates one of them.
"""
_WITH_OPTIONS = ("CREATE USER MAPPING ", "CREATE SERVER ", "CREATE FOREIGN DATA WRAPPER ", "ALTER USER MAPPING ")
"""Statements whose options may hold passwords."""


@dataclass(frozen=True, slots=True)
class BaselineText:
    """The text of the migration, and what is in neither migration nor code."""

    text: str
    left_out: tuple[LeftOut, ...] = ()
    needs: Mapping[str, str] = field(default_factory=dict)
    """Ignored objects that the project refers to, each with one that does."""
    privileges: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)
    """All privileges of declared objects that the migration needs before default privileges are set."""


@dataclass(frozen=True, slots=True)
class BaselineScope:
    """The limits of a baseline.

    `skipped` are objects that were not chosen. `excluded` are schema and name of tables: pgmg's own in `state_schema`,
    and those that the role may not read. With `schemas`, only what is in them, and extensions, belongs to the baseline.
    """

    state_schema: str
    skipped: frozenset[Address] = frozenset()
    excluded: Sequence[tuple[str, str]] = ()
    schemas: Sequence[str] = ()
    foreign: Foreign = NOTHING_FOREIGN


def baseline_text(dsn: str, server: ServerInfo, code: ImportedCode, scope: BaselineScope) -> BaselineText:
    """Return the migration that creates everything but `code` and what is outside of the scope.

    Raises:
        DumpError: pg_dump is missing or fails.
    """
    options = [f"--exclude-table={quote(schema)}.{quote(table)}" for schema, table in scope.excluded]
    options.append("--no-subscriptions")
    options += [f"--schema={quote(schema)}" for schema in scope.schemas]
    options += ["--extension=*"] if scope.schemas else []
    with dump_archive(dsn, server.version_num, options) as archive:
        divided = divide(archive.entries(), scope.foreign)
        covered = code.addresses | scope.skipped
        chosen = _uncovered(divided.ours, covered, privileges=code.has_default_privileges)
        if scope.state_schema != "public":  # apply creates it before anything else
            chosen = [
                entry for entry in chosen if entry.description.split(" ")[:3] != ["SCHEMA", "-", scope.state_schema]
            ]
        text = archive.sql(chosen)
        early = _needed_by(chosen, divided.ours, code) if code.sets_default_privileges else {}
        privileges = {address: _statements(archive.sql(acls)) for address, acls in early.items()}
    kept, left_out = _filtered(dumped_statements(text), server.user)
    header = (_BUILT_IN_HEADER if code.sets_default_privileges else "") + _HEADER
    if divided.needs:
        header += _NEEDS_HEADER + "".join(f"--   {line}\n" for line in needed(divided.needs))
    return BaselineText(f"{header}\n{_joined(kept)}" if kept else "", tuple(left_out), divided.needs, privileges)


def _needed_by(
    chosen: Sequence[DumpEntry], entries: Sequence[DumpEntry], code: ImportedCode
) -> dict[Address, list[DumpEntry]]:
    """Return the declared objects that entries of the migration need, through others as well, each with its privileges.

    What the text of one may name is needed with it. An object that has the privileges that the server gives by itself
    is left out.
    """
    by_number = {entry.number: entry for entry in entries}
    by_address = {entry.address: entry for entry in entries if entry.address.objid}
    own = {entry.number for entry in chosen}
    queue = list(chosen)
    early: dict[int, DumpEntry] = {}
    for entry in queue:
        named = (by_address.get(address) for address in code.named_by(entry.address))
        needed = [by_number.get(number) for number in entry.depends_on]
        for one in (*needed, *(named if entry.number not in own else ())):
            if one is not None and one.number not in own and one.number not in early:
                early[one.number] = one
                queue.append(one)
    acls = [entry for entry in entries if entry.description.startswith("ACL ")]
    found = {one.address: [acl for acl in acls if number in acl.depends_on] for number, one in early.items()}
    return {address: said for address, said in found.items() if said and address.objid}


def _statements(text: str) -> tuple[str, ...]:
    return tuple(one.sql for one in dumped_statements(text))


def details_text(unstated: Sequence[Unstated]) -> str:
    """Return the migration that gives declared objects what no code file can say."""
    statements = [statement for one in unstated for statement in one.statements]
    return f"{_DETAILS_HEADER}\n" + "".join(f"{spelled(statement)};\n" for statement in statements)


def _uncovered(entries: Sequence[DumpEntry], addresses: frozenset[Address], *, privileges: bool) -> list[DumpEntry]:
    """Return the entries that the code declares neither as objects nor as something about one of them."""
    covered: set[int] = set()
    by_number = {entry.number: entry for entry in entries}
    for entry in entries:  # what an entry depends on comes before it
        about = [by_number[number] for number in entry.depends_on if number in by_number]
        if entry.description.startswith("DEFAULT ACL "):
            declared = privileges
        else:
            declared = entry.address in addresses or _is_part_of_any(entry, about, covered)
        if declared:
            covered.add(entry.number)
    return [entry for entry in entries if entry.number not in covered]


def _is_part_of_any(entry: DumpEntry, about: Sequence[DumpEntry], covered: set[int]) -> bool:
    """Say whether an entry is a part of a covered one that it depends on, rather than a user of it."""
    declared = [one for one in about if one.number in covered]
    match entry.description.split(" ", 1)[0]:
        case "RULE":  # the second half of a view
            return bool(declared) and " _RETURN " in entry.description
        case "DEFAULT":  # of a view's column
            return any(one.description.startswith("VIEW ") for one in declared)
        case "CHECK":  # of a domain, where it is not validated
            is_of_table = any("TABLE " in one.description for one in about)
            return not is_of_table and any(one.description.startswith("DOMAIN ") for one in declared)
        case "COMMENT" | "ACL" | "SECURITY":  # those of a table's constraint depend on what the constraint uses as well
            return bool(about) and len(declared) == len(about)
        case _:
            return False


def _filtered(statements: Iterable[DumpedStatement], user: str) -> tuple[list[DumpedStatement], list[LeftOut]]:
    """Leave out what only says that we own something, and what holds a secret."""
    kept: list[DumpedStatement] = []
    left_out: list[LeftOut] = []
    for one in statements:
        if one.owner == user:
            continue
        masked = mask_secrets(one.sql) if one.sql.startswith(_WITH_OPTIONS) else one.sql
        if masked != one.sql:
            left_out.append(LeftOut(masked.partition("\n")[0], "its statement holds a secret, which no file should"))
            continue
        kept.append(one)
    # pg_dump comments on inherited constraints before it adds those that are not validated
    kept.sort(key=lambda one: one.sql.startswith("COMMENT ON CONSTRAINT "))
    return kept, left_out


def _joined(statements: Sequence[DumpedStatement]) -> str:
    return "".join(_separated(statements))


def _separated(statements: Sequence[DumpedStatement]) -> Iterator[str]:
    """Yield statements, a blank line before each but those that follow one about the same object."""
    before: DumpedStatement | None = None
    for one in statements:
        if before is not None and not (one.is_short and before.is_short):
            yield "\n"
        yield f"{spelled(one.sql)};\n"
        before = one
