"""Chooses what is put back around a recreated object (rule 6): all it had, except what its source says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.facts import DefinitionFacts, ViewFacts
from pgmg.model.names import Kind, ObjectName
from pgmg.model.quoting import quote
from pgmg.planning.kinds.view_rules import declared_options
from pgmg.source.grammar.rewriting import split_statements, without_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.catalog_details import Definition
    from pgmg.model.source import SourceObject

_OF_COLUMNS = frozenset({"comment", "storage", "column_grant", "label"})


def put_back(
    definition: Definition,
    source: SourceObject | None,
    previous: SourceObject | None,
    vanished: Iterable[str] = (),
    silenced: Iterable[str | None] = (),
) -> tuple[str, ...]:
    """Return the statements for an object that has just been made; `source` is None for one nobody declared.

    `vanished` are columns that are gone; `silenced` those (None: the object) whose comment is no longer declared.
    """
    mute = frozenset(silenced)
    said = declared_options(source.facts if source else None) | declared_options(previous.facts if previous else None)
    gone = frozenset(vanished)
    kept = [
        s
        for s in definition.properties
        if not (s.aspect == "option" and (source is None or s.subject in said))
        and not (s.aspect in _OF_COLUMNS and s.subject in gone)
        and not (s.aspect == "comment" and s.subject in mute)
    ]
    owner = [statement for s in kept if s.aspect == "owner" for statement in s.statements]
    others = [statement for s in kept if s.aspect != "owner" for statement in s.statements]
    refresh = [_refresh(definition.name)] if _is_filled_later(definition, source) else []
    return (*owner, *refresh, *others)


def creation(definition: Definition | None, source: SourceObject) -> tuple[str, ...]:
    """Return the statements that make a declared object again: one, or more where the file completes it.

    A materialized view of another owner, or one that was not populated, is made without data (rule 6.4): its rows
    are then read with its owner's rights.
    """
    if definition is None or definition.name.kind is not Kind.MATERIALIZED_VIEW:
        return split_statements(source.sql) if isinstance(source.facts, DefinitionFacts) else (source.sql,)
    return (without_data(source.sql) if _made_empty(definition, source) else source.sql,)


def _made_empty(definition: Definition, source: SourceObject | None) -> bool:
    """Say whether the statement that makes it again leaves it without rows."""
    owned_by_other = any(s.aspect == "owner" for s in definition.properties)
    says_no_data = source is not None and isinstance(source.facts, ViewFacts) and source.facts.with_data is False
    return source is None or owned_by_other or not definition.populated or says_no_data


def _is_filled_later(definition: Definition, source: SourceObject | None) -> bool:
    is_materialized = definition.name.kind is Kind.MATERIALIZED_VIEW
    return is_materialized and definition.populated and _made_empty(definition, source)


def _refresh(name: ObjectName) -> str:
    schema = f"{quote(name.schema)}." if name.schema else ""
    return f"REFRESH MATERIALIZED VIEW {schema}{quote(name.name)}"
