"""Replaces names in the bodies of routines that are strings: in SQL, and in the SQL that PL/pgSQL holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.sources.source import RefKind
from pgmg.source.columns.renaming import Edit, RenamingError, edited, rename, renaming
from pgmg.source.grammar.lexer import Sort, significant
from pgmg.source.grammar.parser import GrammarError
from pgmg.source.references.bodies import read_types
from pgmg.source.references.plpgsql import fragments
from pgmg.source.references.scopes import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.columns.renaming import NewNames
    from pgmg.source.references.body_contents import Fragment

_SELECT = "SELECT "
_KINDS = (RefKind.RELATION, RefKind.ROUTINE, RefKind.TYPE)


def rename_body(language: str, body: str, new_names: NewNames) -> str:
    """Return a body with names replaced; what is in other languages is not read, and stays.

    Raises:
        RenamingError: a name cannot be replaced where it stands, or the body cannot be read.
    """
    match language:
        case "sql":
            try:
                return rename(body, new_names)
            except GrammarError as error:
                raise RenamingError(f"its body cannot be read: {error.message}") from None
        case "plpgsql":
            return _rename_plpgsql(body, new_names)
        case _:
            return body


def _rename_plpgsql(body: str, new_names: NewNames) -> str:
    found = fragments(body)
    _refuse_types(found.types, new_names)
    edits: dict[Edit, None] = {}
    expected = []
    for text in (*found.statements, *(expression.within(_SELECT) for expression in found.expressions)):
        its = _edits(text, new_names)
        expected.append(edited(text, its))
        edits |= dict.fromkeys(_moved(text, its))
    made = edited(body, sorted(edits, key=lambda edit: (edit.start, edit.end)))
    again = fragments(made)
    if [*again.statements, *(f"{_SELECT}{expression}" for expression in again.expressions)] != expected:
        raise RenamingError("the body with other names would be read differently")
    return made


def _edits(text: Fragment, new_names: NewNames) -> tuple[Edit, ...]:
    try:
        return renaming(text, new_names)
    except GrammarError:
        words = {token.text.lower() for token in significant(text) if token.sort is Sort.WORD}
        if any(new_names(kind, (word,)) for word in words for kind in _KINDS):
            raise RenamingError("a statement of its body cannot be read") from None
        return ()


def _moved(text: Fragment, edits: tuple[Edit, ...]) -> Iterator[Edit]:
    """Return edits of a fragment as edits of the body."""
    for edit in edits:
        inside = [p for p in text.pieces if p[0] <= edit.start and edit.end <= p[0] + p[2]]
        if not inside:
            raise RenamingError("a name stands in a string that is executed")
        start, place, _ = inside[0]
        yield Edit(edit.start - start + place, edit.end - start + place, edit.text)


def _refuse_types(types: list[Fragment], new_names: NewNames) -> None:
    """The type of a variable may be a row of a view, which has no other name there."""
    collector = Collector()
    read_types(collector, types)
    for reference in collector.references:
        if new_names(reference.kind, reference.parts) is not None:
            raise RenamingError(f"a variable of its body is of type {'.'.join(reference.parts)}")
