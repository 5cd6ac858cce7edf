"""Reads views for column lineage: as their sources say, or as the catalog prints them; the server has the last word."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.plans.plan import Origin
from pgmg.model.results.lineage_data import ROW_ORDER, WHOLE_ROW, ColumnUse
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import RefKind
from pgmg.planning.lineage.relation_uses import CALLED, VIEWS, RelationUses
from pgmg.planning.lineage.view_columns import UsedColumns, ViewColumns
from pgmg.source.columns.query_lineage import UnreadableError, trace
from pgmg.source.columns.result_names import result_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.database.snapshot import Address
    from pgmg.model.results.lineage_data import ColumnAnswers, FunctionTraits, OutputColumn, RelationColumns, Trace
    from pgmg.model.sources.source import Parts
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.resolve.declared import Declared

_SYSTEM = "pg_catalog"


@dataclass(slots=True)
class KnownColumns:
    """The columns of relations: as the catalog has them, as migrations make them, as queries return them."""

    answers: ColumnAnswers
    addresses: Mapping[ObjectName, Address]
    pending: dict[ObjectName, tuple[str, ...] | None]
    of: dict[ObjectName, tuple[str, ...] | None] = field(default_factory=dict)

    def live(self, name: ObjectName) -> RelationColumns | None:
        """Return what the catalog knows of a relation."""
        address = self.addresses.get(name)
        return None if address is None else self.answers.relations.get(address)

    def get(self, name: ObjectName) -> tuple[str, ...] | None:
        """Return the columns of a relation, None where they are not known."""
        if name in self.of:
            return self.of[name]
        if name in self.pending:
            return self.pending[name]
        live = self.live(name)
        return None if live is None else live.columns

    def spelled(self, name: ObjectName, column: str) -> tuple[ObjectName, ...]:
        """Return a column of a relation; for a whole row all columns, or the relation where they are not known."""
        if column == ROW_ORDER:
            return (name,) if name.kind in VIEWS else ()
        if column != WHOLE_ROW:
            return (ObjectName(Kind.COLUMN, column, parent=name),)
        known = self.get(name)
        return (name,) if known is None else tuple(ObjectName(Kind.COLUMN, c, parent=name) for c in known)


Meant = dict[tuple[str, ...], ObjectName]
"""The relations that a query names, by their names as it spells them."""


class ViewReader:
    """Reads relations one after the other: a view after those that it reads."""

    def __init__(
        self,
        resolved: ResolvedProject,
        differs: frozenset[ObjectName],
        uses: RelationUses,
        columns: KnownColumns,
        traits: FunctionTraits,
    ) -> None:
        self._resolved = resolved
        self._differs = differs
        self._uses = uses
        self._columns = columns
        self._traits = traits
        self._live = resolved.snapshot.addresses
        self._named = {address: name for name, address in self._live.items()}

    def read(self, name: ObjectName) -> ViewColumns:
        """Return what the columns of a relation are made from."""
        if name.kind not in VIEWS:
            return self._table(name)
        live = self._columns.live(name)
        declared = self._resolved.declared.get(name)
        facts = declared.source.facts if declared is not None else None
        if declared is not None and isinstance(facts, ViewFacts) and (live is None or name in self._differs):
            return self._declared(declared, facts)
        if live is None or live.query is None:
            return ViewColumns(None, why="its query is not known")
        meant: Meant = {(n.schema or "", n.name): n for n in self._uses.relations(name)}
        reading = self._traced(live.query, meant, self._uses.functions(name), live.columns, live)
        if reading.why is None:
            return self._recorded(reading, live)
        pairs = [(self._named[use.relation], use.column) for use in live.uses if use.relation in self._named]
        return self._coarse(reading.why, Origin.CATALOG, live.columns, pairs, self._uses.functions(name))

    def _declared(self, declared: Declared, facts: ViewFacts) -> ViewColumns:
        """Return what the source of a view says."""
        source = declared.source
        meant = {
            reference.parts: found
            for reference in source.references
            if reference.kind is RefKind.RELATION
            for found in self._resolved.resolver.meant(reference, source.settings)
        }
        calls = [use.object for use in declared.uses if use.object.kind in CALLED]
        named = facts.columns or ()
        reading = self._traced(facts.query, meant, calls, named)
        if reading.why is None:
            return reading
        listed = result_names(facts.query)
        columns = None if listed is None or WHOLE_ROW in listed else (*named, *listed[len(named) :])
        everything = [(relation, WHOLE_ROW) for relation in dict.fromkeys(meant.values())]
        return self._coarse(reading.why, Origin.SOURCE, columns, everything, calls)

    def _table(self, name: ObjectName) -> ViewColumns:
        """Return a table: what its generated columns are computed from."""
        live = self._columns.live(name)
        if live is None:
            return ViewColumns(self._columns.get(name) or ())
        values = {
            column: tuple(one for base in bases for one in self._columns.spelled(name, base))
            for column, bases in live.generated
        }
        return ViewColumns(self._columns.get(name) or (), values)

    # -- reading queries --------------------------------------------------------------------------------

    def _traced(
        self,
        query: str,
        meant: Meant,
        calls: Sequence[ObjectName],
        names: Sequence[str],
        live: RelationColumns | None = None,
    ) -> ViewColumns:
        known = {parts: columns for parts, n in meant.items() if (columns := self._columns.get(n)) is not None}
        listed = names if live is not None else ()
        try:
            found = trace(query, known, self._traits, listed, self._composites(meant.values()))
        except UnreadableError as error:
            return ViewColumns(why=str(error))
        if len(names) > len(found.columns):
            return ViewColumns(why="its columns are others than those that were read")
        if live is not None and (why := self._contradiction(found, meant, live)) is not None:
            return ViewColumns(why=why)
        returned = [replace(made, name=names[n]) if n < len(names) else made for n, made in enumerate(found.columns)]
        return self._reading(replace(found, columns=tuple(returned)), meant, calls)

    def _reading(self, found: Trace, meant: Meant, functions: Sequence[ObjectName]) -> ViewColumns:
        def spelled(uses: Iterable[ColumnUse]) -> tuple[ObjectName, ...]:
            return tuple(dict.fromkeys(one for use in uses for one in self._spelled(use, meant)))

        rows = [u for parts in found.calls for u in self._through(parts, functions)]
        # what an operator's function reads may stand anywhere: operators are not told apart
        rows += [u for n in functions if n.kind is Kind.OPERATOR for u in self._behind(n)]
        return ViewColumns(
            tuple(column.name for column in found.columns),
            {column.name: spelled(column.values) for column in found.columns},
            {column.name: uses for column in found.columns if (uses := spelled(column.decides))},
            {column.name: read for column in found.columns if (read := self._called(column, functions))},
            {column.name: column.expression for column in found.columns},
            spelled(found.conditions),
            spelled(found.order),
            tuple(dict.fromkeys(rows)),
            tuple(dict.fromkeys(n for n in meant.values() if n.kind in VIEWS)),
        )

    def _composites(self, relations: Iterable[ObjectName]) -> dict[str, tuple[str, ...]]:
        """Return the attributes of columns of composite types, by names that mean one list."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for relation in relations:
            live = self._columns.live(relation)
            for column, attributes in live.composites if live is not None else ():
                found.setdefault(column, set()).add(attributes)
        return {column: next(iter(lists)) for column, lists in found.items() if len(lists) == 1}

    def _spelled(self, use: ColumnUse, meant: Meant) -> tuple[ObjectName, ...]:
        return self._columns.spelled(_relation(use, meant), use.column)

    def _called(self, column: OutputColumn, functions: Sequence[ObjectName]) -> tuple[UsedColumns, ...]:
        return tuple(dict.fromkeys(used for parts in column.calls for used in self._through(parts, functions)))

    def _through(self, call: Parts, functions: Sequence[ObjectName]) -> list[UsedColumns]:
        """Return what the functions read that a call may mean."""
        schema = call[-2] if len(call) > 1 else None
        called = [n for n in functions if n.kind in ROUTINES and n.name == call[-1]]
        meant = [n for n in called if schema is None or n.schema == schema]
        return [used for name in meant for used in self._behind(name)]

    def _behind(self, function: ObjectName) -> list[UsedColumns]:
        relations = self._uses.behind(function)
        return [UsedColumns(one, str(function)) for n in relations for one in self._columns.spelled(n, WHOLE_ROW)]

    # -- the server's word ------------------------------------------------------------------------------

    def _contradiction(self, found: Trace, meant: Meant, live: RelationColumns) -> str | None:
        """Return what is wrong with a reading that names a column which the server did not record."""
        if len(found.columns) != len(live.columns):
            return "columns differ"
        recorded = {(use.relation, use.column) for use in live.uses}
        for use in _all_uses(found):
            if use.column in (WHOLE_ROW, ROW_ORDER):
                continue
            relation = _relation(use, meant)
            address = self._live.get(relation)
            if address is not None and not {(address, use.column), (address, WHOLE_ROW)} & recorded:
                name = ObjectName(Kind.COLUMN, use.column, parent=relation).display_name
                return f"it does not use {name}, as reading it would have it"
        return None

    def _recorded(self, reading: ViewColumns, live: RelationColumns) -> ViewColumns:
        """Return a reading with what the server recorded beyond it: columns that are used for nothing that was seen."""
        if reading.why is not None:
            return reading
        seen = {one for uses in (*reading.values.values(), *reading.decides.values()) for one in uses}
        seen |= {*reading.conditions, *reading.order, *(used.on for used in reading.used)}
        seen |= {used.on for through in reading.through.values() for used in through}
        further = []
        for use in live.uses:
            relation = self._named.get(use.relation)
            if relation is None or use.column == WHOLE_ROW:
                continue
            name = ObjectName(Kind.COLUMN, use.column, parent=relation)
            if name not in seen:
                construct = f"function.{use.through}" if use.through is not None else "recorded by the server"
                further.append(UsedColumns(name, construct, Origin.CATALOG))
        return replace(reading, used=(*reading.used, *dict.fromkeys(further)))

    def _coarse(
        self,
        why: str,
        origin: Origin,
        columns: tuple[str, ...] | None,
        uses: Sequence[tuple[ObjectName, str]],
        calls: Sequence[ObjectName],
    ) -> ViewColumns:
        """Return what is known of a view whose query could not be read: which columns it uses as a whole."""
        used = [UsedColumns(one, why, origin) for other, column in uses for one in self._columns.spelled(other, column)]
        used += [one for function in calls for one in self._behind(function)]
        reads = tuple(dict.fromkeys(relation for relation, _ in uses if relation.kind in VIEWS))
        return ViewColumns(columns, used=tuple(dict.fromkeys(used)), reads=reads, why=why)


def _relation(use: ColumnUse, meant: Meant) -> ObjectName:
    schema = use.relation[0] if len(use.relation) > 1 else _SYSTEM  # nothing else is unknown and on the path
    return meant.get(use.relation) or ObjectName(Kind.TABLE, use.relation[-1], schema)


def _all_uses(found: Trace) -> list[ColumnUse]:
    return [u for c in found.columns for u in (*c.values, *c.decides)] + [*found.conditions, *found.order]
