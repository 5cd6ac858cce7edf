"""Column lineage: which columns a column is made from and which are made from it, through views."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.errors import UnknownObjectError
from pgmg.model.facts import ViewFacts
from pgmg.model.lineage_data import WHOLE_ROW, ColumnAnswers, ColumnUse, OutputColumn, RelationColumns
from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import ChangeKind
from pgmg.model.source import Effect, Parts, RefKind
from pgmg.planning.lineage.column_flow import ViewColumns, flow
from pgmg.planning.lineage.column_selection import TABULAR, ColumnSelection
from pgmg.planning.lineage.object_graph import adjacency, reachable
from pgmg.source.columns.query_lineage import UnreadableError, created_columns, trace
from pgmg.source.columns.result_names import result_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.graph_data import Graph
    from pgmg.model.snapshot import Address
    from pgmg.planning.compare.resolved import Comparison

_QUERIES = TABULAR - {Kind.TABLE}
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
        uses, users = adjacency(e for e in graph.edges if e.object.kind in _QUERIES and e.depends_on.kind in TABULAR)
        self._uses = uses
        roots = [name for name, _ in asked.columns]
        near = reachable(roots, uses, asked.upstream) | reachable(roots, users, asked.downstream)
        # the columns of what changes are known from its query alone
        self._read = near | {n for n in reachable(near, uses, None) if self._differs(n)}
        self._columns = _Columns(ColumnAnswers(), {}, {})

    def wanted(self) -> frozenset[Address]:
        """Return the relations whose columns must be known."""
        names = self._read | {name for view in self._read for name in self._uses.get(view, ())}
        return frozenset(self._live[name] for name in names if name in self._live)

    def answer(self, answers: ColumnAnswers) -> Graph:
        """Return the graph of columns.

        Raises:
            UnknownObjectError: a relation has no such column.
        """
        self._columns = _Columns(answers, self._live, self._pending(answers))
        readings: dict[ObjectName, ViewColumns] = {}
        for name in self._ordered():
            readings[name] = reading = self._reading(name)
            self._columns.of[name] = reading.columns
        roots = self._roots()
        return flow(self._graph, roots, readings, self._asked.upstream, self._asked.downstream)

    def _differs(self, name: ObjectName) -> bool:
        return name in self._survey.declared and (name not in self._live or self._changes.get(name) in _DIFFERS)

    def _ordered(self) -> list[ObjectName]:
        """Return views before those that use them; without recursion, for chains are as long as people make them."""
        ordered: dict[ObjectName, None] = {}
        entered: set[ObjectName] = set()
        waiting = sorted((n for n in self._read if n.kind in _QUERIES), key=str, reverse=True)
        while waiting:
            name = waiting[-1]
            new = [n for n in self._uses.get(name, ()) if n in self._read and n.kind in _QUERIES and n not in entered]
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

    # -- reading views ----------------------------------------------------------------------------------

    def _reading(self, name: ObjectName) -> ViewColumns:
        live = self._columns.live(name)
        declared = self._survey.declared.get(name)
        facts = declared.source.facts if declared is not None else None
        if declared is not None and isinstance(facts, ViewFacts) and (live is None or self._differs(name)):
            meant = {
                reference.parts: found
                for reference in declared.source.references
                if reference.kind is RefKind.RELATION
                for found in self._survey.resolver.meant(reference, declared.source.settings)
            }
            reading = self._traced(facts.query, meant, facts.columns or ())
        elif live is not None and live.query is not None:
            meant = {(n.schema or "", n.name): n for n in self._uses.get(name, ())}
            reading = self._checked(self._traced(live.query, meant, live.columns), live)
        else:
            return ViewColumns(why="its query is not known")
        if reading.why is None:
            return reading
        names = live.columns if live is not None else ()
        if live is None and isinstance(facts, ViewFacts):
            named = result_names(facts.query) or ()
            named = () if WHOLE_ROW in named else named
            names = (*(facts.columns or ()), *named[len(facts.columns or ()) :])
        return self._coarse(name, live, names, reading.why)

    def _traced(self, query: str, meant: dict[Parts, ObjectName], names: Sequence[str]) -> ViewColumns:
        known = {parts: columns for parts, name in meant.items() if (columns := self._columns.get(name)) is not None}
        try:
            found = trace(query, known)
        except UnreadableError as error:
            return ViewColumns(why=str(error))
        if len(names) > len(found.columns):
            return ViewColumns(why="its columns are others than those that were read")

        def spelled(uses: Iterable[ColumnUse]) -> tuple[ObjectName, ...]:
            return tuple(dict.fromkeys(column for use in uses for column in self._spelled(use, meant)))

        returned = [
            OutputColumn(names[n] if n < len(names) else made.name, made.values, made.expression)
            for n, made in enumerate(found.columns)
        ]
        return ViewColumns(
            tuple(column.name for column in returned),
            {column.name: spelled(column.values) for column in returned},
            {column.name: column.expression for column in returned},
            spelled(found.conditions),
        )

    def _spelled(self, use: ColumnUse, meant: dict[Parts, ObjectName]) -> tuple[ObjectName, ...]:
        schema = use.relation[0] if len(use.relation) > 1 else "pg_catalog"  # nothing else is unknown and on the path
        name = meant.get(use.relation) or ObjectName(Kind.TABLE, use.relation[-1], schema)
        if use.column != WHOLE_ROW:
            return (_column(name, use.column),)
        known = self._columns.get(name)
        return (name,) if known is None else tuple(_column(name, column) for column in known)

    def _checked(self, reading: ViewColumns, live: RelationColumns) -> ViewColumns:
        """Return a reading if it names nothing that the server did not record: the server is right."""
        recorded = {(address, column) for address, column in live.uses}
        for column in (*(c for values in reading.values.values() for c in values), *reading.conditions):
            address = self._live.get(column.parent) if column.parent is not None else None
            if address is not None and not {(address, column.name), (address, WHOLE_ROW)} & recorded:
                return ViewColumns(why=f"it does not use {column.display_name}, as reading it would have it")
        return (
            reading if reading.why or len(reading.columns) == len(live.columns) else ViewColumns(why="columns differ")
        )

    def _coarse(
        self, name: ObjectName, live: RelationColumns | None, columns: tuple[str, ...], why: str
    ) -> ViewColumns:
        """Return what is known of a view whose query could not be read: which columns it uses as a whole."""
        if live is not None:
            named = {address: other for other, address in self._live.items()}
            used = [(named[address], column) for address, column in live.uses if address in named]
        else:
            used = [(other, WHOLE_ROW) for other in self._uses.get(name, ())]
        found = tuple(
            dict.fromkeys(one for other, column in used for one in self._spelled(ColumnUse((), column), {(): other}))
        )
        return ViewColumns(columns, used=found, why=why, recorded=live is not None)

    # -- tables that pending migrations make or alter ----------------------------------------------------

    def _pending(self, answers: ColumnAnswers) -> dict[ObjectName, tuple[str, ...] | None]:
        """Return the columns of the tables that pending migrations make or add columns to, as far as they say them."""
        found: dict[ObjectName, tuple[str, ...] | None] = {}
        for migration in self._survey.pending:
            for statement in migration.statements:
                made = created_columns(statement.sql) if _CREATES.match(statement.sql) else None
                if made is not None and (name := self._survey.resolver.relation(made[0])) is not None:
                    found.setdefault(name, made[1])
            for alteration in migration.alterations:
                new = {Effect.ADD_COLUMN: alteration.member, Effect.RENAME_COLUMN: alteration.new_name}
                column = new.get(alteration.effect)
                for name in self._survey.resolver.altered(alteration) if column is not None else ():
                    address = self._live.get(name)
                    live = None if address is None else answers.relations.get(address)
                    before = found.get(name, None if live is None else live.columns)
                    if before is not None and column is not None:
                        found[name] = (*before, column)
        return found


@dataclass(slots=True)
class _Columns:
    """The columns of relations: as the catalog has them, as migrations make them, as queries return them."""

    answers: ColumnAnswers
    addresses: Mapping[ObjectName, Address]
    pending: dict[ObjectName, tuple[str, ...] | None]
    of: dict[ObjectName, tuple[str, ...]] = field(default_factory=dict)

    def live(self, name: ObjectName) -> RelationColumns | None:
        address = self.addresses.get(name)
        return None if address is None else self.answers.relations.get(address)

    def get(self, name: ObjectName) -> tuple[str, ...] | None:
        if name in self.of:
            return self.of[name]
        if name in self.pending:
            return self.pending[name]
        live = self.live(name)
        return None if live is None else live.columns


def _nearest(column: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, known, n=3, cutoff=0.5)
    return f"Did you mean {', '.join(near)}?" if near else f"It has {', '.join(known)}."


def _column(relation: ObjectName, column: str) -> ObjectName:
    return ObjectName(Kind.COLUMN, column, parent=relation)
