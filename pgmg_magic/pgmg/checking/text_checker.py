"""Checks bodies by the grammar and the catalog alone: nothing is executed, and no relation is opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.catalog.reading.present_schema import read_bodies_and_schema, read_present_schema
from pgmg.catalog.sessions.connection import translated_errors
from pgmg.checking.body_problems import changed_routines, problem, routine_names, sources_of
from pgmg.checking.future_schema import FutureSchema, names_of_losses
from pgmg.checking.precautions import is_prepared_for
from pgmg.model.plans.body_check import BodyCheck, BodyProblem, CheckedOn, RoutineBody, ServerSaid
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import RoutineFacts, ViewFacts
from pgmg.source.columns.missing_names import NameRules, missing_names
from pgmg.source.references.body_names import body_texts
from pgmg.source.references.row_conditions import row_conditions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.sources.source import SourceObject
    from pgmg.planner import Planner

_WORD = re.compile(r"[\w$]+")
_PLAIN = re.compile(r"[\w$]+", re.ASCII)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_ESCAPED = 'u&"'
"""Begins a name whose characters may be written as numbers."""
_LONGEST = 63


def check_texts(
    conn: Connection,
    planner: Planner,
    plan: Plan,
    reason: str,
    wanted: frozenset[ObjectName] | None = None,
    *,
    only_affected: bool = False,
) -> BodyCheck:
    """Return the names in bodies that mean nothing after a plan; `reason` is why the server is not asked.

    With `only_affected`, only the routines are read that name something of which the plan takes something away, and
    the schema only as far as they and the sources of the plan name it.
    """
    snapshot, losses = planner.last_snapshot, names_of_losses(plan)
    assert snapshot is not None
    asked: list[RoutineBody] = []

    def choose(routines: Iterable[RoutineBody]) -> frozenset[str] | None:
        if not only_affected:
            asked.extend(routines)
            return None
        asked.extend(one for one in routines if _names_one(one, losses))
        return _names_in(plan, asked)

    with translated_errors(conn):
        if only_affected and not losses:
            present = read_present_schema(conn, choose(()))
        else:
            present = read_bodies_and_schema(conn, choose)
    path = planner.settings.search_path or snapshot.server.search_path
    reader = _TextReader(FutureSchema.after(plan, present, path), plan, sources_of(planner.declared, plan))
    names = routine_names(snapshot, asked)
    asked = [one for one in asked if one.oid in names and (wanted is None or names[one.oid] in wanted)]
    dropped = {step.object for step in plan.steps if step.action is Action.DROP}
    changed = changed_routines(plan)
    problems = [
        found
        for routine in asked
        if names[routine.oid] not in changed | dropped
        for found in reader.of_routine(names[routine.oid], routine)
    ]
    problems += [found for step in plan.steps for found in reader.of_step(step)]
    return BodyCheck(CheckedOn.TEXT, len(asked), tuple(dict.fromkeys(problems)), reason=reason)


def _names_one(routine: RoutineBody, names: frozenset[str]) -> bool:
    """Whether a routine may name one of these: in its body, or by a trigger of it."""
    spoken = [routine.body.lower(), *(use.table.lower() for use in routine.triggers)]
    if not all(map(_PLAIN.fullmatch, names)) or any(_ESCAPED in text for text in spoken):
        return True  # the text may spell the name in another way
    return any(name.lower() in text for name in names for text in spoken)


def _names_in(plan: Plan, routines: Iterable[RoutineBody]) -> frozenset[str] | None:
    """Return all words that may be names, in what a plan creates or changes and in the bodies; None for any name."""
    found = {step.object.name for step in plan.steps}
    for effect in plan.effects:
        found.update(name.name for name in (effect.object, effect.becomes) if name is not None)
    texts = [step.source.sql for step in plan.steps if step.source is not None]
    for text in (*texts, *(routine.body for routine in routines), *(u.table for r in routines for u in r.triggers)):
        if _ESCAPED in text.lower():
            return None
        words = _WORD.findall(text)
        found.update(words)
        found.update(word.lower() for word in words)
        found.update(quoted.replace('""', '"') for quoted in _QUOTED.findall(text))
    return frozenset(found | {_cut(name) for name in found})


def _cut(name: str) -> str:
    """Return a name as long as the server keeps it (PostgreSQL manual, 4.1.1)."""
    return name.encode()[:_LONGEST].decode(errors="ignore")


class _TextReader:
    def __init__(self, future: FutureSchema, plan: Plan, sources: dict[ObjectName, SourceObject]) -> None:
        self._future = future
        self._plan = plan
        self._sources = sources

    def of_routine(self, name: ObjectName, routine: RoutineBody) -> Iterator[BodyProblem]:
        variables = frozenset(one.name for one in routine.parameters)
        tables = [use.table for use in routine.triggers]
        for said in self._in_body(routine.body, routine.language, variables, tables):
            yield problem(name, said, routine.body, self._sources.get(name), self._plan)

    def of_step(self, step: Step) -> Iterator[BodyProblem]:
        if step.source is None or step.action not in (Action.CREATE, Action.REPLACE, Action.ALTER):
            return
        facts, source = step.source.facts, step.source
        if isinstance(facts, RoutineFacts) and facts.body is not None:
            variables = frozenset(one.name for one in facts.arguments if one.name)
            for said in self._in_body(facts.body, facts.language, variables, [], strict=facts.language == "sql"):
                yield problem(step.object, said, facts.body, source, self._plan)
        elif isinstance(facts, ViewFacts):
            yield from self._in_text(step.object, source, facts.query)
        else:
            for condition, aliases in row_conditions(source):
                yield from self._in_text(step.object, source, condition, aliases)

    def _in_text(self, name: ObjectName, source: SourceObject, text: str, aliases: str = "") -> Iterator[BodyProblem]:
        """Yield the names in a query, or in a condition about rows with these aliases, that mean nothing."""
        before = "SELECT (" if aliases else ""
        query = f"{before}{text}\n) FROM {aliases}" if aliases else text
        for missing in missing_names(query, self._rules(frozenset(), strict=True)):
            said = ServerSaid("", missing.message, max(missing.offset - len(before), 0))
            yield problem(name, said, text, source, self._plan)

    def _rules(self, variables: frozenset[str], *, strict: bool = False) -> NameRules:
        future = self._future
        return NameRules(future.shape, future.is_lost, variables, strict, future.routines)

    def _in_body(
        self, body: str, language: str, variables: frozenset[str], tables: list[str], *, strict: bool = False
    ) -> Iterator[ServerSaid]:
        if language == "sql":
            for missing in missing_names(body, self._rules(variables, strict=strict)):
                yield ServerSaid("", missing.message, missing.offset)
        elif language == "plpgsql":
            found = self._in_plpgsql(body, variables, tables)
            yield from (said for said in found if not is_prepared_for(body, said))

    def _in_plpgsql(self, body: str, variables: frozenset[str], tables: list[str]) -> Iterator[ServerSaid]:
        texts = body_texts(body)
        rules = self._rules(variables | texts.variables)
        for text in texts.statements:
            for missing in missing_names(text, rules):
                yield ServerSaid("", missing.message, text.place(missing.offset))
        for row, column, at in texts.row_fields:
            shapes = [self._future.shape(tuple(table.replace('"', "").split("."))) for table in tables]
            if shapes and all(shape is not None and column in shape.lost for shape in shapes):
                yield ServerSaid("", f'record "{row}" has no field "{column}"', at)
        for relation, column, at in texts.column_types:
            shape = self._future.shape(relation)
            if shape is not None and column in shape.lost:
                yield ServerSaid("", f'column "{column}" does not exist', at)
