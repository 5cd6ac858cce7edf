"""Checks bodies by the grammar and the catalog alone: nothing is executed, and no relation is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.present_schema import read_present_schema
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.sessions.connection import translated_errors
from pgmg.catalog.wording.routine_bodies import read_routine_bodies
from pgmg.checking.body_problems import changed_routines, problem, routine_names, sources_of
from pgmg.checking.future_schema import FutureSchema
from pgmg.model.plans.body_check import BodyCheck, BodyProblem, CheckedOn, RoutineBody, ServerSaid
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import RoutineFacts, ViewFacts
from pgmg.source.columns.missing_names import NameRules, missing_names
from pgmg.source.references.body_names import body_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.sources.source import SourceObject
    from pgmg.planner import Planner


def check_texts(
    conn: Connection, planner: Planner, plan: Plan, reason: str, wanted: frozenset[ObjectName] | None = None
) -> BodyCheck:
    """Return the names in bodies that mean nothing after a plan; `reason` is why the server is not asked."""
    state = planner.settings.state_schema
    with translated_errors(conn):
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            snapshot = read_snapshot(conn, state)
            present = read_present_schema(conn)
            routines = read_routine_bodies(conn)
        finally:
            if not conn.closed:
                conn.execute("ROLLBACK")
    path = planner.settings.search_path or snapshot.server.search_path
    reader = _TextReader(FutureSchema.after(plan, present, path), plan, sources_of(planner.declared, plan))
    names = routine_names(snapshot, routines)
    asked = [one for one in routines if one.oid in names and (wanted is None or names[one.oid] in wanted)]
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
            for said in self._in_body(facts.body, facts.language, variables, []):
                yield problem(step.object, said, facts.body, source, self._plan)
        elif isinstance(facts, ViewFacts):
            for missing in missing_names(facts.query, self._rules(frozenset(), strict=True)):
                said = ServerSaid("", missing.message, missing.offset)
                yield problem(step.object, said, facts.query, source, self._plan)

    def _rules(self, variables: frozenset[str], *, strict: bool = False) -> NameRules:
        future = self._future
        return NameRules(future.shape, future.is_lost, variables, strict, future.routines)

    def _in_body(self, body: str, language: str, variables: frozenset[str], tables: list[str]) -> Iterator[ServerSaid]:
        if language == "sql":
            for missing in missing_names(body, self._rules(variables)):
                yield ServerSaid("", missing.message, missing.offset)
        elif language == "plpgsql":
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
