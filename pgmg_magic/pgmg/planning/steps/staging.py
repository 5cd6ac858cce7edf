"""Writes the statements that build a materialized view beside the former one, and those that swap the two.

The new one and its indexes have staging names until the former one is dropped: an index, too, has a name that only one
relation of a schema can have.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import quote
from pgmg.model.naming.sql_tokens import Token, significant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pgmg.model.sources.source import Parts, RefKind, SourceObject
    from pgmg.source.columns.renaming import NewName

_LONGEST = 63  # bytes of a name (PostgreSQL manual, 4.1.1)


def staging_name(name: str) -> str:
    """Return the name that a relation has until it takes `name`: the same one every time, of at most 63 bytes."""
    end = f"_pgmg_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name.encode()[: _LONGEST - len(end)].decode(errors="ignore") + end


def staged(statement: str, name: ObjectName, beside: Collection[ObjectName]) -> str:
    """Return a statement about a relation, or an index of one, with the staging names in it.

    `name` is the relation or index that the statement creates or is about; `beside` are the materialized views that
    have staging names meanwhile. A statement about nothing of these stays as it is.

    Raises:
        RenamingError: a query names one of them where the name cannot be replaced.
    """
    found = list(significant(statement))
    words = [token.word for token in found[:3]]
    if words == ["CREATE", "MATERIALIZED", "VIEW"]:
        return _staged_view(statement, found, name, beside)
    if words[:1] == ["CREATE"] and "INDEX" in words:
        return _staged_index(statement, found, words.index("INDEX") + 1)
    return _staged_names(statement, found, {name, *beside})


def can_be_staged(source: SourceObject, name: ObjectName, beside: Collection[ObjectName]) -> bool:
    """Say whether all names can be replaced in the statement of a materialized view."""
    from pgmg.source.columns.renaming import RenamingError
    from pgmg.source.grammar.parser import GrammarError
    from pgmg.source.grammar.recursion import TooDeepError

    try:
        staged(source.sql, name, beside)
    except (RenamingError, GrammarError, TooDeepError):
        return False
    return True


def swap_statements(name: ObjectName, drop: str, indexes: Iterable[ObjectName]) -> tuple[str, ...]:
    """Return what drops the former materialized view and gives the new one, and its indexes, their names."""
    renamed = [f"ALTER MATERIALIZED VIEW {_qualified(name)} RENAME TO {quote(name.name)}"]
    renamed += [f"ALTER INDEX {_qualified(index)} RENAME TO {quote(index.name)}" for index in indexes]
    return (drop, *renamed)


def _qualified(name: ObjectName) -> str:
    schema = f"{quote(name.schema)}." if name.schema else ""
    return f"{schema}{quote(staging_name(name.name))}"


def _staged_view(sql: str, found: Sequence[Token], name: ObjectName, beside: Collection[ObjectName]) -> str:
    """The name of what is created comes first; others of `beside` stand in the query."""
    at = _after_existence_test(found, 3)
    _, last = _name_at(found, at)
    head = f"{sql[: found[last].start]}{quote(staging_name(name.name))}"
    rest = sql[found[last].end :]
    others = {other for other in beside if other != name}
    if not others:
        return head + rest
    begin = next(token.end for token in found[last + 1 :] if token.word == "AS")
    return f"{head}{sql[found[last].end : begin]}{_with_staging_names(sql[begin:], others)}"


def _with_staging_names(query: str, others: Collection[ObjectName]) -> str:
    from pgmg.source.columns.renaming import NewName, rename  # loads the grammar

    def new_name(kind: RefKind, parts: Parts) -> NewName | None:
        if kind.value != "relation":
            return None
        other = next((one for one in others if parts in ((one.name,), (one.schema, one.name))), None)
        return None if other is None else NewName((*parts[:-1], staging_name(other.name)), alias=False)

    end = _data_clause(query)
    renamed = rename(query[:end], new_name)
    return _with_qualifiers(renamed, {other.name for other in others}) + query[end:]


def _with_qualifiers(query: str, names: Collection[str]) -> str:
    """Replace the names by which the query qualifies columns: an alias would stay in the definition.

    Raises:
        RenamingError: a name stands for a whole row, for an alias or behind a schema.
    """
    from pgmg.source.columns.renaming import RenamingError

    found = list(significant(query))
    places = [n for n, token in enumerate(found) if token.identifier in names]
    for number in places:
        before, after = (found[n].text if 0 <= n < len(found) else "" for n in (number - 1, number + 1))
        if before == "." or after != ".":
            raise RenamingError(f"{found[number].text} is more than the name of a relation")
    return _replaced(query, [found[number] for number in places])


def _data_clause(query: str) -> int:
    from pgmg.source.grammar.rewriting import data_clause

    return data_clause(query)[0]


def _staged_index(sql: str, found: Sequence[Token], at: int) -> str:
    first = _after_existence_test(found, at)
    _, index = _name_at(found, first)
    at = index + 2  # ON
    if found[at].word == "ONLY":
        at += 1
    _, relation = _name_at(found, at)
    return _replaced(sql, [found[index], found[relation]])


def _after_existence_test(found: Sequence[Token], at: int) -> int:
    words = [token.word for token in found[at : at + 3]]
    return at + 3 if words == ["IF", "NOT", "EXISTS"] else at


def _name_at(found: Sequence[Token], at: int) -> tuple[int, int]:
    """Return the first and last token of the dotted name that begins at a token."""
    last = at
    while last + 2 < len(found) and found[last + 1].text == ".":
        last += 2
    return at, last


def _staged_names(sql: str, found: Sequence[Token], about: Collection[ObjectName]) -> str:
    """Replace, in a statement that pgmg or the catalog has written, the first mention of each name with its schema.

    `CLUSTER ON` and `USING INDEX` are followed by an index without schema.
    """
    places: dict[int, Token] = {}
    for name in about:
        for number in range(2, len(found)):
            written = (found[number - 2].identifier, found[number].identifier)
            if found[number - 1].text == "." and written == (name.schema, name.name):
                places[found[number].start] = found[number]
                break
    words = tuple(token.word for token in found[-3:-1])
    if words in (("CLUSTER", "ON"), ("USING", "INDEX")) and any(name.kind is Kind.INDEX for name in about):
        places[found[-1].start] = found[-1]
    return _replaced(sql, [places[start] for start in sorted(places)])


def _replaced(sql: str, names: Sequence[Token]) -> str:
    for token in reversed(names):
        sql = f"{sql[: token.start]}{quote(staging_name(token.identifier or ''))}{sql[token.end :]}"
    return sql
