"""States in SQL what the database has of declared objects and their properties, as their files would."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.catalog.reading.import_facts import read_import_facts
from pgmg.errors import SourceErrors
from pgmg.importing.declared_text import create_statements
from pgmg.importing.files.spelling import Spelling
from pgmg.model.naming.names import DECLARATIVE_KINDS, Kind
from pgmg.model.naming.quoting import literal, spell
from pgmg.model.naming.sql_tokens import Sort, significant
from pgmg.model.sources.source import CodeFile
from pgmg.planning.resolve.sql_names import grant_target, target
from pgmg.source import parse_file
from pgmg.source.grammar.line_ends import spelled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.importing.files.file_edits import NameOf
    from pgmg.model.database.catalog_details import DriftEvidence, Privileges
    from pgmg.model.database.snapshot import Address, Snapshot
    from pgmg.model.naming.names import ObjectName

Versions = dict["ObjectName", tuple[str, ...]]
"""The statements about each object, without semicolons; none of what the database does not have."""

_SAID_APART = DECLARATIVE_KINDS | {Kind.COLUMN_DEFAULT}
"""Kinds whose statements are found among those about another object."""


def read_database_versions(
    conn: Connection,
    snapshot: Snapshot,
    names: Collection[ObjectName],
    name_of: NameOf,
    evidence: DriftEvidence,
    *,
    qualified: bool,
    is_given_path: bool = False,
) -> Versions:
    """Return the database's statements of all `names`, inside the caller's transaction.

    `evidence` has live comments and privileges: some are about what pgmg does not recreate, as tables and schemas. With
    `qualified`, every name has its schema; `is_given_path` as for `read_import_facts`.
    """
    about = {name: _address(name, snapshot) for name in names}
    wanted = {a for a in about.values() if a is not None}
    facts = read_import_facts(conn, snapshot, wanted, qualified=qualified, is_given_path=is_given_path)
    spelling = Spelling(facts.home, facts.system_names)
    said: dict[ObjectName, list[str]] = defaultdict(list)
    parents = {a for name, a in about.items() if name.kind in _SAID_APART and a is not None}
    for parent in sorted(parents):
        owner = facts.definitions.get(parent)
        properties = owner.properties if owner is not None else ()
        defaults = facts.view_defaults.get(parent, ())
        statements = (*(one.statement for one in properties), *(one.statement for one in defaults))
        _sort_in(said, map(spelling.everywhere, statements), name_of)
    if any(name.kind is Kind.DEFAULT_PRIVILEGES for name in names):
        _sort_in(said, (one.statement for one in facts.default_privileges), name_of)
    found: Versions = {}
    for name, address in about.items():
        if name.kind in _SAID_APART:
            found[name] = tuple(said.get(name, ())) or tuple(_said(name, evidence, spelling))
            continue
        definition = None if address is None else facts.definitions.get(address)
        created = None if definition is None else create_statements(definition, spelling)
        found[name] = () if created is None else created[0]
    return {name: tuple(map(spelled, statements)) for name, statements in found.items()}


def _address(name: ObjectName, snapshot: Snapshot) -> Address | None:
    """Return the address of an object, of a property's parent."""
    about = name.parent if name.kind in _SAID_APART else name
    if about is not None and about.kind is Kind.COLUMN:
        about = about.parent
    live = None if about is None else snapshot.objects.get(about)
    return None if live is None else live.address


def _sort_in(said: dict[ObjectName, list[str]], statements: Iterable[str], name_of: NameOf) -> None:
    """Add statements to what is said of the object that a code file would declare by them; others are passed over."""
    for statement in statements:
        try:
            declared = parse_file(CodeFile("database", f"{statement};\n", ""))
        except SourceErrors:
            continue  # how something is stored, and the like
        for one in declared:
            said[name_of(one.target, one.settings)].append(one.sql)


def _said(name: ObjectName, evidence: DriftEvidence, spelling: Spelling) -> Iterator[str]:
    """Yield the statements of a comment or grant about something that has no definition."""
    about = name.parent
    if about is None:
        return
    if name.kind is Kind.COMMENT and about in evidence.comments:
        text = literal(evidence.comments[about]).strip()
        yield f"{spelling.everywhere(_unquoted(f'COMMENT ON {target(about)} IS '))}{text}"
    if name.kind is Kind.GRANT:
        held = [one for one in evidence.privileges.get(about, ()) if one.grantee == name.detail]
        to = "PUBLIC" if name.detail == "public" else spell(name.detail or "")
        for grantable in (False, True):
            words = [_privilege(one) for one in held if one.grantable is grantable]
            if words:
                ending = " WITH GRANT OPTION" if grantable else ""
                grant = f"GRANT {', '.join(words)} ON {grant_target(about)} TO {to}{ending}"
                yield spelling.everywhere(_unquoted(grant))


def _privilege(one: Privileges) -> str:
    return one.privilege if one.column is None else f"{one.privilege} ({spell(one.column)})"


def _unquoted(sql: str) -> str:
    """Return a statement whose identifiers are quoted only where they need to be."""
    for token in reversed(list(significant(sql))):
        if token.sort is Sort.QUOTED:
            sql = sql[: token.start] + spell(token.text[1:-1].replace('""', '"')) + sql[token.end :]
    return sql
