"""Finds the relations around one: what inherits from it, reads it, references it or is referenced by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.risk import LockMode
from pgmg.model.sources.operations import ConstraintType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pgmg.model.database.relation_facts import Relation, RelationFacts, TableConstraint
    from pgmg.model.sources.source import Parts
    from pgmg.planning.risk.effects import Forecast
    from pgmg.planning.risk.relation_names import RelationNames


LOCKED_BELOW_VIEWS = frozenset("rpv")
"""Kinds (`relkind`) that LOCK TABLE of a view locks below it: neither materialized views nor foreign tables."""
_TRIGGERS_OF_PARTITIONED = 150000
"""From this version on, a referenced partitioned table has triggers of its own for foreign keys."""


class RelatedRelations:
    """The existing relations at one moment of a plan, and what connects them."""

    def __init__(self, facts: RelationFacts, names: RelationNames) -> None:
        self._facts = facts
        self._names = names
        self._replaced: set[int] = set()
        self._children: dict[int, list[int]] = {}
        for relation in facts.relations.values():
            for parent in relation.inherits:
                self._children.setdefault(parent, []).append(relation.oid)

    def _descendants(self, relation: Relation) -> Iterator[Relation]:
        for oid in self._children.get(relation.oid, ()):
            child = self._facts.relations[oid]
            if self._names.exists(child):
                yield child
                yield from self._descendants(child)

    def _tree(
        self, relation: Relation, *, tree: bool = True, partitions: bool = False, inheritance: bool = False
    ) -> list[Relation]:
        """Return a relation with what inherits from it: of a partitioned table only, or of another only, if asked."""
        spreads = tree and not (partitions and relation.kind != "p") and not (inheritance and relation.kind == "p")
        return [relation, *self._descendants(relation)] if spreads else [relation]

    def _find(self, parts: Parts) -> Relation | None:
        found = self._names.find(parts)
        return None if found is None or found.indexed_table is not None else found  # an index is locked alone

    def _referencing(self, relation: Relation, keys: Collection[str] | None = None) -> Iterator[Relation]:
        """Yield the tables whose foreign keys reference a table, or certain keys of it."""
        for other in self._names:
            foreign = [c for c in other.constraints if c.other == relation.oid]
            if other.oid != relation.oid and any(keys is None or c.key in keys for c in foreign):
                yield other

    def _default_partition(self, parent: Relation) -> list[Relation]:
        default = self._facts.relations.get(parent.default_partition)
        return [] if default is None else self._tree(default)

    def _default(self, parent: Relation) -> list[Relation]:
        default = self._facts.relations.get(parent.default_partition)
        return [] if default is None else [default]

    def _readers(self, relation: Relation, of: str | None = None) -> Iterator[Relation]:
        """Yield the views and materialized views that read a relation, or one column, directly or through others."""
        views = dict.fromkeys(view for view, column in relation.dependents if of is None or column == of)
        for view in (self._facts.relations.get(oid) for oid in views):
            if view is not None and self._names.exists(view):
                yield view
                yield from self._readers(view)

    def _read(self, view: Relation) -> Iterator[Relation]:
        """Yield what LOCK TABLE of a view locks below it: tables and views, directly or through others.

        Of a view that has got another query there is nothing to be known.
        """
        for oid, tree in (view.reads or ()) if view.oid not in self._replaced else ():
            relation = self._facts.relations.get(oid)
            if relation is not None and relation.kind in LOCKED_BELOW_VIEWS and self._names.exists(relation):
                yield from self._tree(relation, tree=tree)
                yield from self._read(relation)

    def _others(self, constraints: Iterable[TableConstraint]) -> list[Relation]:
        """Return the tables that foreign keys reference."""
        oids = [c.other for c in constraints if c.other is not None]
        return [self._facts.relations[oid] for oid in oids if oid in self._facts.relations]

    def _key_partners(self, relation: Relation, names: Iterable[str], found: Forecast) -> None:
        """Lock what is at the other end of foreign keys that go with constraints of a table.

        A partition that goes alone leaves the foreign keys of its parent as they are. One that references it goes as a
        whole, with its triggers at every partition, which partitioned tables have since 15.
        """
        gone = {c.name: c for c in relation.constraints if c.name in set(names)}
        others = self._others(c for c in gone.values() if not c.inherited)
        referencing = list(self._referencing(relation, gone))
        if referencing:
            others.append(self._root(relation))
        for other in others:
            tables = [table for table in self._tree(other, partitions=True) if self._has_key_triggers(table)]
            found.lock(tables, LockMode.ACCESS_EXCLUSIVE)
        self._lock_partitions(referencing, LockMode.ACCESS_EXCLUSIVE, found)

    def _has_key_triggers(self, table: Relation) -> bool:
        """Say whether a table that is referenced has triggers for that: since 15 a partitioned one has, too."""
        return table.kind != "p" or self._facts.version_num >= _TRIGGERS_OF_PARTITIONED

    def _root(self, relation: Relation) -> Relation:
        parents = [self._facts.relations[oid] for oid in relation.inherits if relation.is_partition]
        return self._root(parents[0]) if parents else relation

    def _lock_partitions(self, relations: Iterable[Relation], mode: LockMode, found: Forecast) -> None:
        for relation in relations:
            found.lock(self._tree(relation, partitions=True), mode)

    def _new_partition(self, parent: Relation, found: Forecast) -> None:
        """Lock the other ends of the foreign keys that a new partition gets, and of those that reference it."""
        self._lock_partitions(self._others(parent.constraints), LockMode.SHARE_ROW_EXCLUSIVE, found)
        if self._has_key_triggers(parent):
            self._lock_partitions(self._referencing(parent), LockMode.SHARE_ROW_EXCLUSIVE, found)

    def _is_volatile(self, functions: Iterable[tuple[Parts, int]]) -> bool:
        return any(self._is_volatile_function(parts, number) for parts, number in functions)

    def _is_volatile_function(self, parts: Parts, number: int) -> bool:
        schemas = parts[:-1] or ("pg_catalog", *self._facts.path)
        return any((schema, parts[-1], number) in self._facts.volatile for schema in schemas)


def is_proved(relation: Relation, column: str) -> bool:
    """Say whether a valid constraint proves that a column is not null."""
    spelled = {f"CHECK (({column} IS NOT NULL))", f'CHECK (("{column}" IS NOT NULL))'}
    return any(
        c.type is ConstraintType.CHECK and c.valid and c.definition in spelled for c in relation.constraints
    ) or any(c.type is ConstraintType.NOT_NULL and c.valid and c.columns == (column,) for c in relation.constraints)
