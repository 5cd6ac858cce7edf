"""Says how an object is recreated and what of its properties is restored (rule 6): all but what its source says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Aspect, Definition, ObjectProperty
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import quote, spell, spelled_parts
from pgmg.model.sources.facts import DefinitionFacts, DomainFacts, IndexFacts, ViewFacts, stated_options
from pgmg.planning.kinds.domain_constraints import made_with_domain
from pgmg.source.grammar.rewriting import partition_index, split_statements, stated_members, without_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.sources.source import SourceObject

_OF_COLUMNS = frozenset({Aspect.COMMENT, Aspect.STORAGE, Aspect.LATE_STORAGE, Aspect.COLUMN_GRANT, Aspect.LABEL})
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\s."]+)'
_TABLE = re.compile(rf"^(?:COMMENT ON \w+ {_IDENTIFIER} ON|ALTER TABLE(?: ONLY)?) ({_IDENTIFIER}\.{_IDENTIFIER}) ")
"""The table in the statement of a property of a trigger, policy or rule."""

_BEFORE_ROWS = frozenset({Aspect.OPTION, Aspect.STORAGE})
"""Properties that decide how the rows of a materialized view are stored: set before it is filled."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """Statements that recreate an object and restore its properties, and the `properties` that it has afterwards."""

    create: tuple[str, ...]
    restore: tuple[str, ...]
    properties: tuple[ObjectProperty, ...]


def restoration(
    definition: Definition,
    source: SourceObject | None,
    previous: SourceObject | None,
    vanished: Iterable[str] = (),
    silenced: Iterable[str | None] = (),
    table: ObjectName | None = None,
) -> Restoration:
    """Return the statements for a recreated object; `source` is None for an unmanaged one.

    `vanished` are columns and partitions that no longer exist; `silenced` are columns and constraints (None: the
    object) whose comment is no longer declared. `table` is what the table of a trigger, policy or rule is called now.
    """
    properties = _kept(definition, source, previous, frozenset(vanished), frozenset(silenced))
    before = definition.name.parent
    if table is not None and before is not None and before != table:
        properties = tuple(_on_table(one, before, table) for one in properties)
    partitions = [one for one in properties if one.aspect is Aspect.PARTITION]
    is_empty = True
    if source is None:
        create = (*(one.statement for one in partitions), *definition.create)
    else:
        is_empty = _is_created_empty(definition, source, properties)
        create = (*_partitions(partitions, source), *_create(definition, source, is_empty=is_empty))
    is_filled = definition.name.kind is Kind.MATERIALIZED_VIEW and definition.populated and is_empty
    to_restore = [one for one in properties if not _is_created_with(one, source)]
    return Restoration(create, _restore(definition, to_restore, is_filled=is_filled), properties)


def _on_table(one: ObjectProperty, before: ObjectName, table: ObjectName) -> ObjectProperty:
    """Return a property of a trigger, policy or rule whose table has got another name since it was read."""

    def respelled(statement: str) -> str:
        # COMMENT ON … ON table, ALTER TABLE table: the first name there, whatever a comment says
        found = _TABLE.search(statement)
        is_meant = found is not None and spelled_parts(found[1]) == (before.schema, before.name)
        if found is None or not is_meant:
            return statement
        present = ".".join(map(spell, (table.schema or "", table.name)))
        return f"{statement[: found.start(1)]}{present}{statement[found.end(1) :]}"

    return replace(one, statement=respelled(one.statement), undo=None if one.undo is None else respelled(one.undo))


def create_statements(source: SourceObject) -> tuple[str, ...]:
    """Return the statements that create a declared object: one, or more where its file completes it."""
    return split_statements(source.sql) if isinstance(source.facts, DefinitionFacts) else (source.sql,)


def _kept(
    definition: Definition,
    source: SourceObject | None,
    previous: SourceObject | None,
    vanished: frozenset[str],
    silenced: frozenset[str | None],
) -> tuple[ObjectProperty, ...]:
    """Return the properties that the object is to have again."""
    said = _declared(source) | _declared(previous)
    members = _members(definition, source, previous)
    kept = []
    for one in definition.properties:
        match one.aspect:
            case Aspect.OPTION:
                lost = one.subject in said
            case Aspect.MEMBER:
                lost = one.statement in members
            case Aspect.ATTACH:  # the statement of a source finds the partitions' indexes
                lost = source is not None
            case Aspect.STORAGE if one.subject in ("tablespace", "access method"):
                lost = one.subject in said
            case Aspect.COMMENT | Aspect.CONSTRAINT_COMMENT if one.subject in silenced:
                lost = True
            case Aspect.CONSTRAINT_COMMENT:  # one that no source declares is restored by itself
                lost = source is not None and one.subject not in _constraints(source)
            case _:
                lost = one.aspect in _OF_COLUMNS and one.subject in vanished
        if not lost and one.partition not in vanished:
            kept.append(one)
    return tuple(kept)


def _is_created_with(one: ObjectProperty, source: SourceObject | None) -> bool:
    """Say whether creating the object creates the property: an unmanaged object's options are in its definition."""
    return one.aspect is Aspect.PARTITION or (one.aspect is Aspect.OPTION and source is None)


def _declared(source: SourceObject | None) -> set[str]:
    """Return the options and kinds of storage that a source states."""
    facts = source.facts if source is not None else None
    match facts:
        case ViewFacts() | IndexFacts():
            return {*stated_options(facts), *facts.storage}
        case _:
            return set()


def _members(definition: Definition, *sources: SourceObject | None) -> set[str]:
    """Return the statements that add a member to an operator family which a source of its class states."""
    added = [one.statement for one in definition.properties if one.aspect is Aspect.MEMBER]
    if not added:
        return set()
    said = (stated_members(source.sql, definition.text, added) for source in sources if source is not None)
    return {statement for some in said for statement in some}


def _constraints(source: SourceObject) -> set[str]:
    facts = source.facts
    return made_with_domain(source.target.parts[-1], facts) if isinstance(facts, DomainFacts) else set()


def _partitions(partitions: Iterable[ObjectProperty], source: SourceObject) -> tuple[str, ...]:
    """Return what creates the indexes of partitions by the new definition, each with the name and options it had."""
    return tuple(partition_index(source.sql, one.statement) for one in partitions)


def _create(definition: Definition, source: SourceObject, *, is_empty: bool) -> tuple[str, ...]:
    """A materialized view of another owner, or one that was not populated, is created without data (rule 6.4).

    Its rows are then read with its owner's rights, and stored as its options say.
    """
    if definition.name.kind is not Kind.MATERIALIZED_VIEW:
        return create_statements(source)
    return (without_data(source.sql) if is_empty else source.sql,)


def _restore(definition: Definition, properties: Sequence[ObjectProperty], *, is_filled: bool) -> tuple[str, ...]:
    first = [s for one in properties if one.aspect is Aspect.OWNER for s in one.statements]
    if is_filled:
        first += [s for one in properties if one.aspect in _BEFORE_ROWS for s in one.statements]
        first.append(_refresh(definition.name))
    done = {Aspect.OWNER} | (_BEFORE_ROWS if is_filled else set())
    return (*first, *(s for one in properties if one.aspect not in done for s in one.statements))


def _is_created_empty(definition: Definition, source: SourceObject, properties: tuple[ObjectProperty, ...]) -> bool:
    """Say whether the statement that creates a materialized view leaves it without rows."""
    if not definition.populated:
        return True
    says_no_data = isinstance(source.facts, ViewFacts) and source.facts.with_data is False
    return says_no_data or any(one.aspect is Aspect.OWNER or one.aspect in _BEFORE_ROWS for one in properties)


def _refresh(name: ObjectName) -> str:
    schema = f"{quote(name.schema)}." if name.schema else ""
    return f"REFRESH MATERIALIZED VIEW {schema}{quote(name.name)}"
