"""Column lineage: which columns a column is made from and which are made from it, through views."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from pgmg.errors import UnknownObjectError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.results.lineage_data import ColumnAnswers, FunctionTraits
from pgmg.model.sources.facts import CompositeFacts, RoutineFacts
from pgmg.model.sources.source import Effect
from pgmg.planning.lineage.column_flow import flow
from pgmg.planning.lineage.object_graph import reachable
from pgmg.planning.lineage.relation_uses import VIEWS, RelationUses
from pgmg.planning.lineage.view_readings import KnownColumns, ViewReader
from pgmg.source.columns.query_lineage import created_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.database.snapshot import Address
    from pgmg.model.results.graph_data import Graph
    from pgmg.planning.compare.resolved import Comparison
    from pgmg.planning.lineage.column_selection import ColumnSelection
    from pgmg.planning.lineage.view_columns import ViewColumns

_DIFFERS = frozenset(ChangeKind) - {ChangeKind.FORMATTING, ChangeKind.DELETED}
"""Changes by which the source is not what the database has."""
_CREATES = re.compile(r"\s*CREATE\b", re.IGNORECASE)


class Lineage:
    """One question: first what must be asked of the database, then the answer."""

    def __init__(self, comparison: Comparison, graph: Graph, asked: ColumnSelection) -> None:
        self._survey = comparison.resolved
        self._graph = graph
        self._asked = asked
        self._changes = {d.name: d.change for d in comparison.differences}
        self._live = comparison.resolved.snapshot.addresses
        self._uses = RelationUses(graph, comparison.resolved.resolver, frozenset(comparison.resolved.declared))
        views = [node.object for node in graph.nodes if node.object.kind in VIEWS]
        self._above = {view: self._uses.all_relations(view) for view in views}
        users: dict[ObjectName, list[ObjectName]] = {}
        for view, relations in self._above.items():
            for relation in relations:
                users.setdefault(relation, []).append(view)
        roots = [name for name, _ in asked.columns]
        near = reachable(roots, self._above, asked.upstream) | reachable(roots, users, asked.downstream)
        # the columns of what changes are known from its query alone
        self._read = near | {n for n in reachable(near, self._above, None) if self._differs(n)}
        self._columns = KnownColumns(ColumnAnswers(), {}, {})

    def wanted(self) -> frozenset[Address]:
        """Return the relations whose columns must be known."""
        names = self._read | {name for view in self._read for name in self._above.get(view, ())}
        return frozenset(self._live[name] for name in names if name in self._live)

    def answer(self, answers: ColumnAnswers) -> Graph:
        """Return the graph of columns.

        Raises:
            UnknownObjectError: a relation has no such column.
        """
        self._columns = KnownColumns(answers, self._live, self._pending(answers))
        differs = frozenset(name for name in self._read if self._differs(name))
        traits = self._with_declared(answers.traits)
        reader = ViewReader(self._survey, differs, self._uses, self._columns, traits)
        readings: dict[ObjectName, ViewColumns] = {}
        for name in self._ordered():
            readings[name] = reading = reader.read(name)
            if name.kind in VIEWS:
                self._columns.of[name] = reading.columns
        roots = self._roots()
        return flow(self._graph, roots, readings, self._asked.upstream, self._asked.downstream)

    def _with_declared(self, traits: FunctionTraits) -> FunctionTraits:
        """Return what is known of functions and types with those that are only declared."""
        sets, aggregates = set(traits.sets), set(traits.aggregates)
        results, types = dict(traits.results), dict(traits.types)
        for name, declared in self._survey.declared.items():
            facts = declared.source.facts
            if name.kind is Kind.AGGREGATE:
                aggregates.add(name.name)
            elif isinstance(facts, CompositeFacts):
                types[name.name] = tuple(attribute.name for attribute in facts.attributes)
            elif isinstance(facts, RoutineFacts):
                sets |= {name.name} if facts.returns_set else set()
                if len(facts.result_columns) > 1:
                    results[name.name] = facts.result_columns
        return FunctionTraits(
            frozenset(sets), frozenset(aggregates), tuple(sorted(results.items())), tuple(sorted(types.items()))
        )

    def _differs(self, name: ObjectName) -> bool:
        return name in self._survey.declared and (name not in self._live or self._changes.get(name) in _DIFFERS)

    def _ordered(self) -> list[ObjectName]:
        """Return views before those that use them; without recursion, for chains are as long as people make them."""
        ordered: dict[ObjectName, None] = {}
        entered: set[ObjectName] = set()
        waiting = sorted(self._read, key=str, reverse=True)
        while waiting:
            name = waiting[-1]
            new = [n for n in self._above.get(name, ()) if n in self._read and n not in entered]
            if name in entered or not new:
                ordered[waiting.pop()] = None
            entered.add(name)
            waiting += new
        return list(ordered)

    def _roots(self) -> tuple[ObjectName, ...]:
        found: list[ObjectName] = []
        missing: list[tuple[ObjectName, str]] = []
        for owner, column in self._asked.columns:
            known = self._columns.get(owner)
            if column is None:
                found += [_column(owner, name) for name in known or ()]
            elif known is None:
                found.append(_column(owner, column))
            else:
                same = [name for name in known if name == column] or [n for n in known if n.lower() == column.lower()]
                found += [_column(owner, name) for name in same]
                missing += [] if same else [(owner, column)]
        asked = {name.parent for name in found}
        for owner, column in missing:
            if not any(other in asked and c == column for other, c in self._asked.columns):
                known = self._columns.get(owner) or ()
                raise UnknownObjectError(f"{owner} has no column {column!r}.", hint=_nearest(column, known))
        return tuple(dict.fromkeys(found))

    # -- tables that pending migrations make or alter ----------------------------------------------------

    def _pending(self, answers: ColumnAnswers) -> dict[ObjectName, tuple[str, ...] | None]:
        """Return the columns of the tables that pending migrations make or add columns to, as far as they say them."""
        found: dict[ObjectName, tuple[str, ...] | None] = {}
        for pending in self._survey.timeline.statements:
            sql = pending.statement.sql
            made = created_columns(sql) if _CREATES.match(sql) else None
            if made is not None and (name := self._survey.resolver.relation(made[0])) is not None:
                found.setdefault(name, made[1])
            for operation in pending.operations:
                new = {Effect.ADD_COLUMN: operation.member, Effect.RENAME_COLUMN: operation.new_member}
                column = new.get(operation.effect)
                if column is None:
                    continue
                address = self._live.get(operation.name)
                live = None if address is None else answers.relations.get(address)
                before = found.get(operation.name, None if live is None else live.columns)
                if before is not None:
                    found[operation.name] = (*before, column)
        return found


def _nearest(column: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, known, n=3, cutoff=0.5)
    return f"Did you mean {', '.join(near)}?" if near else f"It has {', '.join(known)}."


def _column(relation: ObjectName, column: str) -> ObjectName:
    return ObjectName(Kind.COLUMN, column, parent=relation)
