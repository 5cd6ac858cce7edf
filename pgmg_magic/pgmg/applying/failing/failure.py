"""Where and how a step of a plan failed, with a way to look at the database as it was right before."""

from __future__ import annotations

import re
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.applying.learning.error_text import contains_name, text_of
from pgmg.catalog.reading.closure import closure_of, members, read_definitions, read_dependencies
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.reading.table_parts import older_parts
from pgmg.errors import SourceErrors
from pgmg.model.database.server_facts import StatementId
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import BLOCKING_KINDS, RELATIONS
from pgmg.model.sources.source import Effect, MigrationFile, ScopeKind
from pgmg.planning.demands.constraints import blocked_by
from pgmg.planning.demands.dependencies import BLOCKS_COLUMN_CHANGES, DependencyGraph
from pgmg.planning.demands.removals import removals_of
from pgmg.planning.replay.timeline import replay
from pgmg.planning.resolve.resolver import Resolver
from pgmg.source import parse_migration

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.database.server_facts import ServerFacts
    from pgmg.model.database.snapshot import Address, Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.planning.demands.dependencies import Link

_MARKS = "".join(map(chr, (0x22, 0xAB, 0xBB, 0x201C, 0x201D, 0x201E, 0x2018, 0x2019, 0x201A, 0x2039, 0x203A)))
_QUOTED = re.compile(rf"[{_MARKS}](.+)[{_MARKS}]", re.DOTALL)
"""Something in quotation marks, whatever the language of the server's messages."""


_Found = dict["Address", tuple["ObjectName", "ObjectName"]]
"""Blocking objects by address, each with what it depends on."""

_OF_COLUMNS = frozenset({Effect.DROP_COLUMN, Effect.RETYPE_COLUMN})


@dataclass(frozen=True, slots=True)
class Blocker:
    """An object that blocks a statement or a drop: its name then, and its address if it is older than the plan.

    `on` is the object that it depends on and that the statement alters or drops.
    """

    name: ObjectName
    address: tuple[int, int] | None
    on: ObjectName


@dataclass(frozen=True)
class Failure:
    """A failed step. `number` counts its statements from 0; `conn` is given where the database can be looked at."""

    error: psycopg.Error
    step: Step
    number: int
    plan: Plan
    facts: ServerFacts
    snapshot: Snapshot
    conn: Connection | None = field(default=None, repr=False)
    state_schema: str = "public"

    @cached_property
    def text(self) -> str:
        """All that the server says and where."""
        return text_of(self.error)

    @property
    def statement(self) -> str:
        """The statement that failed."""
        statements = self.step.statements
        return statements[min(self.number, len(statements) - 1)] if statements else ""

    @property
    def statement_id(self) -> StatementId | None:
        """The statement of a migration that failed, as facts call it."""
        statements = self.step.migration_statements
        if self.step.migration is None or not statements:
            return None
        failed = statements[min(self.number, len(statements) - 1)]
        return StatementId(self.step.migration.name, *failed.position)

    @property
    def later(self) -> tuple[Step, ...]:
        """The steps that come after the failed one."""
        return self.plan.steps[self.step.number :]

    @property
    def earlier(self) -> tuple[Step, ...]:
        """The steps that came before the failed one."""
        return self.plan.steps[: self.step.number - 1]

    # -- the name that means nothing -------------------------------------------------------------------------

    @cached_property
    def missing_name(self) -> str | None:
        """The last part of the name at the place in the SQL that the server points to, or None."""
        diag = self.error.diag
        if diag.internal_query and diag.internal_position:
            return _name_at(diag.internal_query, int(diag.internal_position) - 1)
        if diag.statement_position:
            return _name_at(self.statement, int(diag.statement_position) - 1)
        return None

    # -- blocking objects ------------------------------------------------------------------------------------

    def blockers(self) -> list[Blocker]:
        """Return what depends on what the failed statement drops or alters, as the catalog says it."""
        assert self.conn is not None
        now = read_snapshot(self.conn, self.state_schema)
        found: _Found = {}
        for sql in self._statements_at_work():
            found |= _blocking(self.conn, sql, now)
        return self._with_ages(found or self._named_blockers(now))

    def blockers_of_drop(self) -> list[Blocker]:
        """Return what depends on the object that the failed step of pgmg drops."""
        assert self.conn is not None
        now = read_snapshot(self.conn, self.state_schema)
        name = self.step.object
        return self._with_ages({a: (user, name) for a, user in names_blocked_drop(self.conn, name, now)})

    def _with_ages(self, found: _Found) -> list[Blocker]:
        assert self.conn is not None
        older = older_parts(self.conn, found) | self.snapshot.by_address.keys()
        return [Blocker(name, (a.classid, a.objid) if a in older else None, on) for a, (name, on) in found.items()]

    @property
    def last_creator(self) -> StatementId | None:
        """The statement that ran last before the failed one and may create what it does not name; else the last."""
        ran = [(step, len(step.migration_statements)) for step in self.earlier]
        ran += [(self.step, min(self.number, len(self.step.migration_statements)))]
        places = [(step, number) for step, count in ran for number in range(count)]
        creators = [place for place in places if may_create_unnamed(*place)]
        for step, number in (creators or places)[-1:]:
            return StatementId(step.whole.name, *step.migration_statements[number].position)
        return None

    def _named_blockers(self, now: Snapshot) -> _Found:
        """Return what the message names, of all that depends on a relation that it names, or on a column of one.

        This is for statements within functions that the error does not quote.
        """
        assert self.conn is not None
        named = [live for name, live in now.objects.items() if name.kind in BLOCKING_KINDS and self._names(name)]
        wanted = {live.address: live.name for live in named if live.extension is None}
        if not wanted:
            return {}
        relations = [live.address for name, live in now.objects.items() if name.kind in RELATIONS]
        dependencies = read_dependencies(self.conn, relations)
        definitions = read_definitions(self.conn, members(dependencies, relations, now.by_address), now.by_address)
        graph = DependencyGraph(closure_of(dependencies, definitions))
        found: _Found = {}
        for dependency in dependencies:
            owner = graph.whole(dependency.dependent)  # a view for its rule
            on = now.by_address.get(dependency.referenced)
            words = [dependency.column, None if on is None else on.name.name]
            if any(word is not None and contains_name(self.text, word) for word in words):
                found |= {owner: (wanted[owner], on.name)} if owner in wanted and on is not None else {}
        return found

    def _names(self, name: ObjectName) -> bool:
        return contains_name(self.text, name.name)

    def _statements_at_work(self) -> Iterable[str]:
        """Yield the statement that failed and those inside of it, as the context of the error quotes them."""
        yield self.statement
        if self.error.diag.internal_query:
            yield self.error.diag.internal_query
        for line in (self.error.diag.context or "").split("\n"):
            quoted = _QUOTED.search(line)
            if quoted is not None:
                yield quoted[1]
        whole = _QUOTED.search(self.error.diag.context or "")
        if whole is not None:
            yield whole[1]


def may_create_unnamed(step: Step, number: int) -> bool:
    """Say whether a statement of a migration, counted from 0, may create objects that its text does not name."""
    statement = step.migration_statements[number]
    is_unread = number in step.unread and all(scope.kind is not ScopeKind.OWNED for scope in statement.scopes)
    return is_unread or statement.creates_unnamed


def _name_at(sql: str, offset: int) -> str | None:
    """Return the last part of a possibly qualified name that begins at an offset."""
    from pgmg.source.grammar.lexer import Sort, tokens

    found: str | None = None
    for token in tokens(sql, offset):
        if token.identifier is not None:
            found = token.identifier
        elif token.sort is Sort.OPERATOR and found is None:
            return token.text
        elif token.text != ".":
            break
    return found


def _blocking(conn: Connection, sql: str, now: Snapshot) -> _Found:
    """Return the objects that block one statement; none where the statement is not understood."""
    try:
        migration = parse_migration(MigrationFile("statement.sql", "statement.sql", sql, ""))
    except SourceErrors:
        return {}
    timeline = replay([migration], Resolver(now), now, {})
    operations = [operation for statement in timeline.statements for operation in statement.operations]
    seeds = [operation.object for operation in operations if operation.object in now.by_address]
    if not seeds:
        return {}
    dependencies = read_dependencies(conn, seeds)
    definitions = read_definitions(conn, members(dependencies, seeds, now.by_address), now.by_address)
    graph = DependencyGraph(closure_of(dependencies, definitions))
    removals = removals_of(timeline, graph)
    found: _Found = {}
    for operation in operations:
        if operation.object not in graph.definitions:
            continue
        blocked = blocked_by(operation, graph, removals)
        if not blocked and operation.effect in _OF_COLUMNS:  # the column may have another name by then
            blocked = [x.dependent for x in graph.dependents(operation.object) if _is_in_the_way(x, graph)]
        found |= {address: (graph.name(address), operation.name) for address in blocked}
    return found


def _is_in_the_way(link: Link, graph: DependencyGraph) -> bool:
    return link.column is not None and graph.name(link.dependent).kind in BLOCKS_COLUMN_CHANGES


def names_blocked_drop(conn: Connection, name: ObjectName, now: Snapshot) -> list[tuple[Address, ObjectName]]:
    """Return what depends on an object that a step of pgmg drops."""
    live = now.objects.get(name)
    if live is None:
        return []
    dependencies = read_dependencies(conn, [live.address])
    definitions = read_definitions(conn, members(dependencies, [live.address], now.by_address), now.by_address)
    graph = DependencyGraph(closure_of(dependencies, definitions))
    return [(link.dependent, graph.name(link.dependent)) for link in graph.dependents(live.address) if not link.is_auto]
