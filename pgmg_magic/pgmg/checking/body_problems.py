"""Turns the server's answers about routines into problems with the file and line, and the change that causes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.database.snapshot import Address
from pgmg.model.naming.names import ROUTINES
from pgmg.model.plans.body_check import BodyProblem
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.secrets import mask_secrets
from pgmg.source.grammar.lexer import Sort, significant, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.body_check import RoutineBody, ServerSaid
    from pgmg.model.plans.plan import Plan
    from pgmg.model.sources.source import SourceObject

_ROUTINES_CATALOG = 1255
"""OID of pg_proc, the same in every database."""
THE_PLAN = "the plan"
"""The cause where no single change can be named."""
_WORD = re.compile(r"[\w$]+")

Sources = dict["ObjectName", "SourceObject"]


def routine_names(snapshot: Snapshot, routines: Iterable[RoutineBody]) -> dict[int, ObjectName]:
    """Return the names of routines by OID; those that no snapshot holds are left out."""
    by_address = snapshot.by_address
    found = ((one.oid, by_address.get(Address(_ROUTINES_CATALOG, one.oid))) for one in routines)
    return {oid: live.name for oid, live in found if live is not None}


def problem(name: ObjectName, said: ServerSaid, body: str, source: SourceObject | None, plan: Plan) -> BodyProblem:
    """Return what the server says against a routine, as a problem of its file."""
    where = None if source is None else _place(source, body, said.offset)
    return BodyProblem(name, mask_secrets(said.message), where, cause_of(said.message, name, plan))


def _place(source: SourceObject, body: str, offset: int) -> str:
    """Return `path:line` of a place in a body; the body may be spelled with doubled quotes."""
    at = source.sql.find(body)
    if at < 0:
        at = next((t.start for t in tokens(source.sql) if t.sort is Sort.STRING and "\n" in t.text), 0)
    line = (source.location.line or 1) + source.sql[:at].count("\n") + body[:offset].count("\n")
    return f"{source.location.path}:{line}"


def cause_of(message: str, name: ObjectName, plan: Plan) -> str | None:
    """Return the migration, or the changed object, whose text names what the server misses; None for the object itself.

    Of several the last one counts. Nothing breaks what there was not before.
    """
    if any(change.object == name and change.change is ChangeKind.NEW for change in plan.changes):
        return None
    own = {step.object for step in plan.steps if step.action in (Action.CREATE, Action.REPLACE)}
    words = {word.lower() for quoted in named_in(message) for word in _WORD.findall(quoted)}
    for step in reversed(plan.steps):
        if step.migration is not None and words & words_of(step.sql):
            return f"migration {step.migration.name}"
    for change in plan.changes:
        if change.object != name and words & words_of(f"{change.before or ''} {change.object.name}"):
            return f"the change of {change.object}"
    return None if name in own or not plan.steps else THE_PLAN


def named_in(message: str) -> Iterator[str]:
    """Yield the names in a message; `users.id` ends in the column."""
    for found in re.finditer(r'"([^"]+)"|(?:column|function|type|operator|procedure) ([^\s"(]+)', message):
        yield (found[1] or found[2]).rpartition(".")[2]


def words_of(text: str) -> frozenset[str]:
    """Return the words of SQL in lower case, of its string constants as well."""
    found: set[str] = set()
    for token in significant(text):
        found.update(_WORD.findall(token.text.lower()))
    return frozenset(found)


def touched_words(plan: Plan) -> frozenset[str]:
    """Return the names, in lower case, of all that a plan creates, changes or drops, with their members."""
    found = {step.object.name.lower() for step in plan.steps}
    found.update(change.object.name.lower() for change in plan.changes)
    for step in plan.steps:
        found.update(a.member.lower() for s in step.migration_statements for a in s.alterations if a.member)
        found.update(part.lower() for s in step.migration_statements for a in s.alterations for part in a.target.parts)
    return frozenset(found)


def changed_routines(plan: Plan) -> frozenset[ObjectName]:
    """Return the routines that a plan creates or changes."""
    return frozenset(
        step.object
        for step in plan.steps
        if step.object.kind in ROUTINES and step.action in (Action.CREATE, Action.REPLACE, Action.VALIDATE)
    )


def sources_of(declared: Mapping[ObjectName, SourceObject], plan: Plan) -> Sources:
    """Return the sources of declared objects, those of the plan's own steps before others."""
    return {**declared, **{step.object: step.source for step in plan.steps if step.source is not None}}
