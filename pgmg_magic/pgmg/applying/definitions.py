"""Reads how objects are dropped and restored right before they are dropped: migrations may have changed them.

One slot of a plan drops many objects; they are read together, in a constant number of round trips.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.catalog.reading.catalog_queries import restore_settings
from pgmg.catalog.reading.closure import read_definitions, read_owned_parts
from pgmg.catalog.reading.snapshot_reader import find
from pgmg.catalog.reading.table_parts import read_table_parts
from pgmg.model.database.snapshot import Address
from pgmg.model.naming.names import RELATIONS, Kind
from pgmg.model.plans.plan import Action
from pgmg.planning.demands.dependencies import PARTS_OF_TABLES
from pgmg.planning.kinds.create_or_replace import replacing
from pgmg.planning.kinds.domain_constraints import is_of_domain_source
from pgmg.planning.steps.default_privileges_order import may_change_default_privileges
from pgmg.planning.steps.restore import restoration
from pgmg.planning.steps.slot_steps import CHECKED, UNCHECKED
from pgmg.planning.steps.staging import staged, swap_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from pgmg.applying.outside.owed_recorder import OwedObjects
    from pgmg.model.database.catalog_details import Definition, ObjectProperty
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, RuntimeDefinition, Step


_REFUSES_BY_ITSELF = 150000
"""From this version on, the server itself refuses to drop what a generated column uses."""

_KEEPS_GENERATED_COLUMNS = """DO $pgmg$ BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid AND a.attgenerated <> ''
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'a'
      AND d.refclassid = {address.classid} AND d.refobjid = {address.objid}
  ) THEN
    RAISE EXCEPTION 'cannot drop it because a generated column depends on it' USING ERRCODE = '2BP01';
  END IF;
END $pgmg$"""
"""An older server drops a generated column without a word together with a function or the like that it uses."""


class RuntimeDefinitions:
    """Remembers, from a drop to the restoration, what the server said right before the drop.

    A part that has a step of its own in `plan`, or is no longer declared, is not restored along with its whole.
    `owed` records the definitions of objects that do not exist at the commit of the group that runs. Where a step may
    change default privileges, privileges are restored whatever the default privileges are by then.
    """

    def __init__(
        self, conn: psycopg.Connection[Any], path: str, plan: Plan | None = None, owed: OwedObjects | None = None
    ) -> None:
        self._conn = conn
        self._path = path
        steps = () if plan is None else plan.steps
        statements = (statement for step in steps for statement in step.migration_statements)
        is_declared = any(step.object.kind is Kind.DEFAULT_PRIVILEGES for step in steps)
        self._is_absolute = is_declared or any(map(may_change_default_privileges, statements))
        deleted = () if plan is None else (record.object for record in plan.records if record.source is None)
        own = (*(step.object for step in steps), *deleted)
        self._names = frozenset((name.kind, name.name) for name in own)
        self._places = frozenset(step.runtime.address for step in steps if step.runtime is not None)
        self._known: dict[ObjectName, Sequence[Definition]] = {}
        self._parts: dict[ObjectName, Sequence[Definition]] = {}
        self._fresh: set[ObjectName] = set()
        self._names_at: dict[tuple[int, ...] | None, ObjectName] = {}
        self.owed = owed
        self._indexes: dict[ObjectName, dict[ObjectName, None]] = {}
        """Indexes with staging names, by the materialized view that is built beside the former one."""

    def unread(self, drops: Sequence[Step]) -> list[Step]:
        """Return those of the steps whose object has not been read since it was last created."""
        return [step for step in drops if step.object not in self._fresh]

    def read(self, drops: Sequence[Step]) -> None:
        """Read the definitions of all that these steps drop, with their parts that no plan could know."""
        addresses = self._addresses(drops)
        parts = read_owned_parts(self._conn, addresses.values())
        wanted = [*addresses.values(), *(part for some in parts.values() for part in some)]
        found = read_definitions(self._conn, wanted, {}, absolute=self._is_absolute)
        restore_settings(self._conn, self._path)
        for name, address in addresses.items():
            if address in found:
                self._parts[name] = [found[part] for part in parts.get(address, ()) if part in found]
                self._known[name] = [found[address], *(d for d in self._parts[name] if not self._is_apart(d))]
                self._fresh.add(name)
                self._names_at[tuple(address)] = name

    def guard(self, step: Step) -> str | None:
        """Return what to run right before a drop so that it fails where the server would take something along."""
        known = self._known.get(step.object)
        if step.action is not Action.DROP or step.runtime is None or not known or step.object.kind in RELATIONS:
            return None
        if self._conn.info.server_version >= _REFUSES_BY_ITSELF:
            return None
        return _KEEPS_GENERATED_COLUMNS.format(address=known[0].address)

    def _is_apart(self, part: Definition) -> bool:
        return (part.name.kind, part.name.name) in self._names or tuple(part.address) in self._places

    def _addresses(self, drops: Sequence[Step]) -> dict[ObjectName, Address]:
        """Return where the objects are now: an earlier step may have created them, or recreated them."""
        live = find(self._conn, [step.object for step in drops], self._path)
        addresses: dict[ObjectName, Address] = {}
        for step in drops:
            known = live.get(step.object)
            if known is not None:
                addresses[step.object] = known.address
            elif step.runtime is not None and step.runtime.address is not None:
                addresses[step.object] = Address(*step.runtime.address)
        parts = {step.object for step in drops if step.object.kind in PARTS_OF_TABLES} - addresses.keys()
        if parts:
            addresses |= {name: a for a, name in read_table_parts(self._conn).items() if name in parts}
        return addresses

    def step(self, step: Step) -> Step:
        """Return a step with the statements that hold now."""
        if step.beside and step.object.kind is Kind.INDEX:
            self._indexes.setdefault(step.beside[0], {})[step.object] = None
        if step.runtime is None:
            return step
        known = self._known.get(step.object) or self._known.get(self._names_at.get(step.runtime.address, step.object))
        if step.runtime.part_of in self._parts:
            part = self._part(step, step.runtime)
            if part is None and step.source is None:
                self._rename(step, None)
                return replace(step, statements=(), properties=None)
            if part is not None and step.source is None:
                self._rename(step, part.name)
            known = None if part is None else [part]
        if not known:
            return step
        own, *parts = known
        if step.action is Action.DROP:
            self._fresh.discard(step.object)
            return replace(step, statements=own.drops)
        runtime, source = step.runtime, step.source
        if step.action is Action.REPLACE and source is not None:
            self._fresh.discard(step.object)
            return replace(step, statements=(*source.settings, *replacing(source.sql, own.properties)))
        previous, table = runtime.previous or source, step.object.parent
        restored = restoration(own, source, previous, runtime.missing, runtime.removed_comments, table)
        sources = () if source is None else (source, runtime.previous)
        parts = [part for part in parts if not is_of_domain_source(part.name, sources)]
        if step.action is Action.SWAP:
            return self._swap(step, own, parts, restored.properties)
        if step.beside:
            parts = [part for part in parts if part.name.kind is Kind.INDEX]
            self._indexes.setdefault(step.beside[0], {}).update(dict.fromkeys(part.name for part in parts))
        of_parts = [s for part in parts for s in _staged(_recreated(part), part.name, step)]
        name = own.name if step.object.kind is Kind.INDEX else step.object
        create, restore = (_staged(some, name, step) for some in (restored.create, restored.restore))
        is_verified = not step.beside or step.object.kind is not Kind.MATERIALIZED_VIEW
        return self._created(step, create, (*restore, *of_parts), restored.properties if is_verified else None)

    @staticmethod
    def _created(
        step: Step,
        create: tuple[str, ...],
        restore: tuple[str, ...],
        properties: tuple[ObjectProperty, ...] | None,
    ) -> Step:
        """Return a step that creates an object, restores its properties, or both."""
        assert step.runtime is not None
        if step.source is None:
            return replace(step, statements=(*create, *restore), properties=properties)
        if step.action is Action.RESTORE:
            return replace(step, statements=restore, properties=properties)
        created = (*step.source.settings, *create)
        if UNCHECKED in step.statements:
            created = (UNCHECKED, *created, CHECKED)
        if step.runtime.properties_apart:
            return replace(step, statements=created)
        return replace(step, statements=(*created, *restore), properties=properties)

    def _rename(self, step: Step, name: ObjectName | None) -> None:
        """Note what an index with a staging name is called since a migration, or that there is none any more."""
        if step.beside:
            indexes = self._indexes[step.beside[0]]
            indexes.pop(step.object, None)
            if name is not None:
                indexes[name] = None

    def _swap(
        self, step: Step, own: Definition, parts: Iterable[Definition], properties: tuple[ObjectProperty, ...]
    ) -> Step:
        """Return the step in which a materialized view takes the place of the former one.

        Parts that are no indexes are created only now: the former one had their names.
        """
        self._fresh.discard(step.object)
        indexes = sorted(self._indexes.pop(step.object, {}), key=str)
        later = [s for part in parts if part.name.kind is not Kind.INDEX for s in _recreated(part)]
        statements = (*swap_statements(step.object, own.drop, indexes), *later)
        return replace(step, statements=statements, properties=properties)

    def _part(self, step: Step, runtime: RuntimeDefinition) -> Definition | None:
        """Return what a part was before it was dropped along with its whole: it may have got another name, or address.

        None: it did not exist any more.
        """
        assert runtime.part_of is not None
        parts = self._parts[runtime.part_of]
        if runtime.address is not None:
            same = next((part for part in parts if part.address == Address(*runtime.address)), None)
            if same is not None:
                return same
        wanted = (step.object.kind, step.object.name)
        return next((part for part in parts if (part.name.kind, part.name.name) == wanted), None)


def _recreated(part: Definition) -> tuple[str, ...]:
    restored = restoration(part, None, None)
    return (*restored.create, *restored.restore)


def _staged(statements: Iterable[str], name: ObjectName, step: Step) -> tuple[str, ...]:
    return tuple(staged(statement, name, step.beside) if step.beside else statement for statement in statements)
