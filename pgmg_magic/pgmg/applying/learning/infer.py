"""Infers from a server error what the plan did not know, so that the next attempt does (rule 8).

Evidence is what the server's catalog and the parser say. A name in a message counts only where neither can tell: for
a name that means nothing and whose place in the SQL the server does not point to.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from pgmg.applying.failing.failure import may_create_unnamed
from pgmg.applying.learning import error_classes as classes
from pgmg.applying.learning.error_text import contains_name, names_object
from pgmg.model.database.server_facts import (
    Blocks,
    CannotReplace,
    CannotRestore,
    Creates,
    DependsOn,
    Exists,
    Fact,
    Missing,
    NeedsOwnTransaction,
    StatementId,
)
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName, migration_name
from pgmg.model.naming.quoting import spell
from pgmg.model.plans.plan import Action, ChangeKind, Edge, Origin
from pgmg.model.sources.source import Effect
from pgmg.source.grammar.lexer import Sort, significant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.applying.failing.failure import Blocker, Failure
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.plan import Step

_CHANGES = frozenset({Action.REPLACE, Action.ALTER})
_CREATES = frozenset({Action.CREATE, Action.REPLACE, Action.ALTER, Action.RESTORE, Action.VALIDATE})
_RECREATES = frozenset({Action.CREATE, Action.RESTORE})
_TAKES_AWAY = frozenset({Action.DROP, Action.REVOKE, Action.COMMENT})
_DESCRIBES = frozenset({Action.RESTORE, Action.COMMENT, Action.GRANT, Action.REVOKE})
_MAY_BE_MISSING = (
    RELATIONS | ROUTINES | TYPES | {Kind.OPERATOR, Kind.COLLATION, Kind.CAST, Kind.TRIGGER, Kind.POLICY, Kind.RULE}
)


@dataclass(frozen=True, slots=True)
class Inference:
    """New facts, and the dependencies to show for them. `look`: the next attempt has to look at the database first."""

    facts: tuple[Fact, ...] = ()
    edges: tuple[Edge, ...] = ()
    look: bool = False


_LOOK = Inference(look=True)


def infer(failure: Failure) -> Inference | None:
    """Return what an error teaches, or None where no other plan could have avoided it."""
    found = _from_error(failure)
    if found is None:
        found = _without_early_code(failure) or _let_go(failure)
    if found is None or found.look:
        return found
    fresh = tuple(fact for fact in found.facts if fact not in failure.facts)
    return Inference(fresh, found.edges) if fresh else _without_early_code(failure)


def _from_error(failure: Failure) -> Inference | None:
    error, step = failure.error, failure.step
    if isinstance(error, classes.NEW_LABEL):
        return _new_label(failure)
    if isinstance(error, classes.EXISTS) and step.action is Action.CREATE:
        return _exists(failure)
    if isinstance(error, classes.IN_USE) and step.action in (Action.MIGRATE, Action.DROP, Action.SWAP):
        found = _in_use(failure)
        return _former_kind(failure) if found is None and step.action is Action.MIGRATE else found
    if isinstance(error, classes.NOT_IN_PLACE) and step.action in _CHANGES:
        return Inference((CannotReplace(step.object),))
    if isinstance(error, classes.GONE) and _is_taken_away(failure):
        return Inference(tuple(Missing(name) for name in _gone_with(failure)))
    if isinstance(error, classes.UNDEFINED) and step.action in _RECREATES and _partitions_at_work(failure):
        return _missing_partition(failure)
    if isinstance(error, classes.COLUMN_GONE) and step.action in _DESCRIBES:
        return _missing_column(failure) or _outdated(failure)
    if isinstance(error, classes.NOT_YET) and step.action is not Action.DROP:
        return _not_yet(failure) or _outdated(failure)
    if isinstance(error, classes.WRONG_KIND) and step.action is Action.MIGRATE:
        return _former_kind(failure)
    if isinstance(error, classes.NO_UNIQUE_INDEX) and step.action is Action.MIGRATE:
        return _unique_index(failure)
    return None


def _edge(name: ObjectName, on: ObjectName) -> Edge:
    return Edge(name, on, Origin.ERROR, hard=True)


def _who(failure: Failure) -> tuple[ObjectName | StatementId, ObjectName]:
    """Return what failed, as facts and as edges call it."""
    statement = failure.statement_id
    return (failure.step.object if statement is None else statement), failure.step.whole


# -- blocking objects -------------------------------------------------------------------------------------------


def _in_use(failure: Failure) -> Inference | None:
    """Dependents exist still: they are dropped first, and recreated after."""
    if failure.conn is None:
        return _LOOK
    statement = failure.statement_id
    if statement is not None:
        blockers, whole = failure.blockers(), failure.step.whole
        facts: list[Fact] = [Blocks(b.name, statement, b.address) for b in blockers]
    else:
        blockers, whole = failure.blockers_of_drop(), failure.step.object
        facts = [DependsOn(b.name, b.on) for b in blockers]
    facts += _created_unseen(blockers, failure)
    return Inference(tuple(facts), tuple(_edge(b.name, whole) for b in blockers)) if facts else None


def _created_unseen(blockers: Iterable[Blocker], failure: Failure) -> list[Fact]:
    """Return which blocking objects migrations of the plan have created, though no step and no file names them."""
    created_by = failure.last_creator
    if created_by is None:
        return []
    planned = {step.object for step in failure.plan.steps if step.action in _CREATES}
    unseen = [b for b in blockers if b.address is None and b.name not in planned]
    return [Creates(created_by, b.name, b.on) for b in unseen]


# -- what is missing -----------------------------------------------------------------------------------------------


def _not_yet(failure: Failure) -> Inference | None:
    """Something does not exist yet: wait for the later step that creates it."""
    who, shown = _who(failure)
    for candidate in _candidates(failure):
        fact = DependsOn(who, candidate)
        if candidate != failure.step.object and fact not in failure.facts:
            return Inference((fact,), (_edge(shown, candidate),))
    return _created_by_unread(failure)


def _created_by_unread(failure: Failure) -> Inference | None:
    """A source needs what no text names: it waits for the next statement that cannot be read or creates such things."""
    name = failure.step.object
    if failure.step.migration is not None or failure.step.source is None:
        return None
    for step in failure.later:
        if step.migration is None:
            continue
        for number, statement in enumerate(step.migration_statements):
            if not may_create_unnamed(step, number):
                continue
            after = StatementId(step.migration.name, *statement.position)
            fact = DependsOn(name, after)
            if fact not in failure.facts:
                return Inference((fact,), (_edge(name, step.whole),))
    return None


def _outdated(failure: Failure) -> Inference | None:
    """A managed object cannot be restored as the catalog had it: it waits until its source can be created."""
    step = failure.step
    is_as_it_was = step.action is Action.RESTORE and step.managed and step.source is None
    return Inference((CannotRestore(step.object),)) if is_as_it_was else None


def _candidates(failure: Failure) -> Iterable[ObjectName]:
    """Yield what later steps create and what may be missing, the likeliest first."""
    kinds = _MAY_BE_MISSING
    if isinstance(failure.error, classes.NO_LABEL):
        kinds = frozenset({Kind.TYPE})  # an enum that a later step gives the label
    elif isinstance(failure.error, classes.NO_CAST):
        kinds = frozenset({Kind.CAST})
    missing = failure.missing_name
    for name in _later_objects(failure, kinds):
        if missing is not None and name.name == missing:
            yield name
    for name in _later_objects(failure, kinds):  # within a function that is called, or in a string
        if names_object(failure.text, name):
            yield name


def _later_objects(failure: Failure, kinds: frozenset[Kind]) -> list[ObjectName]:
    later = (step.object for step in failure.later if step.action in _CREATES and step.object.kind in kinds)
    return list(dict.fromkeys(later))


def _former_kind(failure: Failure) -> Inference | None:
    """A statement about a materialized view, say, waits until that has taken the place of the view of its name."""
    who, shown = _who(failure)
    former = {name.name_key: name.kind for name in failure.snapshot.objects if name.kind in RELATIONS | TYPES}
    for name in _later_objects(failure, RELATIONS | TYPES):
        fact = DependsOn(who, name)
        is_new = former.get(name.name_key, name.kind) is not name.kind
        is_meant = names_object(failure.text, name) or name.name in _names_in_statement(failure)
        if is_new and is_meant and fact not in failure.facts:
            return Inference((fact,), (_edge(shown, name),))
    return None


def _unique_index(failure: Failure) -> Inference | None:
    """ON CONFLICT, a foreign key, a concurrent refresh need a unique index that a later step creates."""
    who, shown = _who(failure)
    named = _names_in_statement(failure)
    for later in failure.later:
        table = later.source.target.parent if later.source is not None else None
        if later.object.kind is not Kind.INDEX or later.action is not Action.CREATE or table is None:
            continue
        fact = DependsOn(who, later.object)
        is_unique = "UNIQUE" in [token.word for token in significant(later.sql)]
        if fact not in failure.facts and is_unique and table.parts[-1] in named:
            return Inference((fact,), (_edge(shown, later.object),))
    return None


def _names_in_statement(failure: Failure) -> set[str]:
    """Return the names of objects in the statement of a migration that failed, without their schemas."""
    statements = failure.step.migration_statements[failure.number : failure.number + 1]
    named = {reference.parts[-1] for statement in statements for reference in statement.references}
    return named | {alteration.target.parts[-1] for s in statements for alteration in s.alterations}


# -- what is there already, or gone ----------------------------------------------------------------------------------


def _exists(failure: Failure) -> Inference:
    """A migration has created the object. Who creates a second one creates many: then the database tells them all."""
    found = [failure.step.object]
    if any(isinstance(fact, Exists) for fact in failure.facts.facts):
        if failure.conn is None:
            return _LOOK
        found += _created_too(failure, failure.conn)
    return Inference(tuple(map(Exists, found)), tuple(_edge(name, name) for name in found))


def _created_too(failure: Failure, conn: Connection) -> list[ObjectName]:
    """Return what the steps up to the next migration would create, though a migration has done so already."""
    from pgmg.catalog.reading.snapshot_reader import read_snapshot

    steps = list(takewhile(lambda step: step.migration is None, failure.later))
    dropped = {step.object for step in steps if step.action is Action.DROP}
    now = read_snapshot(conn, failure.state_schema).objects
    names = (step.object for step in steps if step.action is Action.CREATE)
    return [n for n in names if n in now and n not in failure.snapshot.objects and n not in dropped]


def _is_taken_away(failure: Failure) -> bool:
    """Say whether a step takes back what is no longer declared, after migrations that may have done so themselves."""
    step = failure.step
    deleted = any(c.object == step.object and c.change is ChangeKind.DELETED for c in failure.plan.changes)
    migrated = any(earlier.action is Action.MIGRATE for earlier in failure.earlier)
    return deleted and migrated and step.action in _TAKES_AWAY


def _gone_with(failure: Failure) -> list[ObjectName]:
    """Return a deleted object with all else that was declared about the same one."""
    name = failure.step.object
    deleted = [change.object for change in failure.plan.changes if change.change is ChangeKind.DELETED]
    return [other for other in deleted if other == name or (other.parent == name.parent is not None)]


def _missing_column(failure: Failure) -> Inference | None:
    """A column that had a comment or a grant does not exist any more: nothing is left to restore on it."""
    step = failure.step
    for column in _columns_of(failure.statement):
        fact = Missing(step.object, column)
        if step.managed and fact not in failure.facts and contains_name(failure.text, column):
            return Inference((fact,))
    return None


def _partitions_at_work(failure: Failure) -> list[str]:
    """Return the partitions that had parts of the object and that the failed statement names, qualified."""
    same = (step for step in failure.plan.steps if step.object == failure.step.object)
    found = (one.partition for step in same for one in step.properties or () if one.partition is not None)
    return [name for name in dict.fromkeys(found) if contains_name(failure.statement, name)]


def _missing_partition(failure: Failure) -> Inference | None:
    """A partition that had an index or constraint of its own was dropped: nothing is left to restore on it."""
    if failure.conn is None:
        return _LOOK
    from pgmg.catalog.reading.snapshot_reader import read_snapshot

    now = read_snapshot(failure.conn, failure.state_schema)
    relations = (live for live in failure.snapshot.objects.values() if live.name.kind in RELATIONS)
    before = {f"{spell(live.name.schema or '')}.{spell(live.name.name)}": live for live in relations}
    gone = [n for n in _partitions_at_work(failure) if n in before and before[n].address not in now.by_address]
    return Inference(tuple(Missing(failure.step.object, name) for name in gone)) if gone else None


def _columns_of(statement: str) -> list[str]:
    """Return the columns, or constraints, that a statement of pgmg is about: `COLUMN t.c`, `(c)`, `CONSTRAINT k`."""
    found: list[str] = []
    previous, after_word = "", False
    for token in significant(statement):
        name = token.text[1:-1].replace('""', '"') if token.sort is Sort.QUOTED else token.text
        is_name = token.sort in (Sort.QUOTED, Sort.WORD)
        if is_name and (after_word or previous in ("(", ",", ".")):
            found.append(name)
        after_word = token.word in ("COLUMN", "CONSTRAINT") or (after_word and token.text == ".")
        previous = token.text
    return found


# -- transactions and consent ----------------------------------------------------------------------------------------


def _new_label(failure: Failure) -> Inference | None:
    """A label added in this transaction may not be used in it: its ALTER TYPE is committed by itself."""
    before = [s for s in failure.earlier if s.group == failure.step.group and _may_add_label(s)]
    named = [step.whole for step in before if _is_named(failure, step)] or [step.whole for step in before]
    fresh = [name for name in dict.fromkeys(named) if NeedsOwnTransaction(name) not in failure.facts]
    edges = tuple(_edge(failure.step.whole, name) for name in fresh)
    return Inference(tuple(NeedsOwnTransaction(name) for name in fresh), edges) if fresh else None


def _may_add_label(step: Step) -> bool:
    """Say whether a step alters a type: only ALTER TYPE … ADD VALUE makes labels that cannot be used at once."""
    if step.migration is None:
        return step.action is Action.ALTER and step.object.kind is Kind.TYPE
    alterations = (a for s in step.migration_statements for a in s.alterations)
    return any(a.effect is Effect.ALTER and a.target.kind is Kind.TYPE for a in alterations)


def _is_named(failure: Failure, step: Step) -> bool:
    if step.migration is None:
        return names_object(failure.text, step.object)
    alterations = (a for s in step.migration_statements for a in s.alterations)
    return any(contains_name(failure.text, a.target.parts[-1]) for a in alterations if a.target.parts)


def _let_go(failure: Failure) -> Inference | None:
    """`--drop-unmanaged` lets unmanaged objects go that cannot be restored (rule 4.5)."""
    step = failure.step
    if failure.plan.options.drop_unmanaged and step.action is Action.RESTORE and not step.managed:
        return Inference((CannotRestore(step.object),))
    return None


# -- code that was created earlier than it had to be -----------------------------------------------------------


def _without_early_code(failure: Failure) -> Inference | None:
    """Create an object after a statement that was only suspected of using it, where one of the two failed."""
    step = failure.step
    if step.noticed_by is not None and step.migration is None:
        facts: tuple[Fact, ...] = (DependsOn(step.object, step.noticed_by),)
    elif step.migration is not None:
        early = [
            s for s in failure.earlier if s.noticed_by is not None and s.noticed_by.migration == step.migration.name
        ]
        facts = tuple(DependsOn(s.object, s.noticed_by) for s in early if s.noticed_by is not None)
    else:
        return None
    fresh = tuple(fact for fact in facts if fact not in failure.facts)
    edges = tuple(
        _edge(fact.dependent, migration_name(fact.on.migration))
        for fact in fresh
        if isinstance(fact, DependsOn) and isinstance(fact.on, StatementId) and isinstance(fact.dependent, ObjectName)
    )
    return Inference(fresh, edges) if fresh else None
