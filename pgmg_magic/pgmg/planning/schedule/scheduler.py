"""Decides when objects are dropped and created between pending statements, from what each statement demands.

The principle: the outcome is that of applying the pending migrations one by one, each with the code folder as it is
now, and what no statement can notice is not done. An object is dropped before the first statement that the server
would refuse while it exists, and is created again before the first one that names it or may notice it, or before a
transaction ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.source import Effect
from pgmg.planning.demands.noticed_scopes import Scopes
from pgmg.planning.demands.removals import removed_with
from pgmg.planning.replay.object_operations import CHANGES_SHAPE, LEAVES_NAME
from pgmg.planning.schedule.availability import Availability
from pgmg.planning.schedule.code_changes import CodeChanges
from pgmg.planning.schedule.lifetimes import Because, Form, Lifetimes, SlotKey
from pgmg.planning.schedule.presence import Presence
from pgmg.planning.schedule.transactions import Transaction, Transactions
from pgmg.planning.steps.default_privileges_order import earliest_point, is_about_new_objects

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.demands.constraints import Cause, Demands
    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import NoticedScope, PendingStatement
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions

_FOLLOWED = frozenset({Effect.RENAME, Effect.SET_SCHEMA, Effect.RENAME_COLUMN})
"""Effects that existing dependents follow by themselves, and definitions of absent ones do not."""


class Scheduler:
    """Walks through the pending statements once."""

    def __init__(self, context: PlanContext, demands: Sequence[Demands], decisions: Decisions) -> None:
        self._context, self._demands = context, demands
        self._timeline = context.timeline
        self._transactions = Transactions(self._timeline, context.own_transactions)
        self._lifetimes = Lifetimes(
            affected=[{} for _ in self._timeline.migrations], block_starts=self._transactions.block_starts
        )
        self.presence = Presence(context)
        self._availability = Availability(context, self.presence)
        self._code = CodeChanges(context, decisions, self.presence, self._availability, self._lifetimes)
        self._absent_for = _by_statement(demands)
        self._scopes = Scopes(context)
        self._unsettled = self._code.unsettled()
        self._stale: dict[ObjectName, PendingStatement] = {}
        self._seen_scopes: list[tuple[int, NoticedScope]] = []

    def run(self) -> Lifetimes:
        """Return the lifetimes."""
        for statement in self._timeline.statements:
            if self._transactions.commits_before(statement.number):
                self._close_transaction(statement.number, statement)
            self._before(statement)
            self._through(statement)
        end = self._timeline.end
        if self._transactions.commits_before(end):
            self._close_transaction(end, None)
        self._refresh_all()
        self._code.finish(SlotKey(end))
        self._drop_before_rebuilds(SlotKey(end))
        self._place_default_privileges()
        return self._lifetimes

    # -- one statement -----------------------------------------------------------------------------------------

    def _start_of(self, statement: PendingStatement) -> int:
        """Return the first point at which something may be done for a statement: in its own transaction."""
        if self._transactions.runs_alone(statement.source):
            return self._transactions.block_starts.get(statement.number, statement.number)
        return self._timeline.first[statement.migration]

    def _before(self, statement: PendingStatement) -> None:
        number = statement.number
        is_demanding = bool(statement.operations) or number in self._absent_for or number in self._context.blocking
        blocked = self._blocked(statement) if is_demanding else {}
        start = self._start_of(statement)
        needed = self._unblocked(self._code.needed_by(statement), blocked)
        if needed:
            self._code.bring(needed, statement, start, f"{statement.source.name} needs it")
        noticed = self._noticed_changes(statement, blocked)
        if noticed:
            reason = f"{statement.source.name} may notice it"
            self._code.bring(noticed, statement, start, reason, is_noticed=True)
        self._recreate_used(statement)
        self._restore(self._noticed(statement), statement, start, blocked)
        self._note_missed(statement)
        self._refresh_used(statement)
        self._refresh_below_created()
        self._drop(blocked, statement, start)
        for id_ in blocked:
            self.presence.last_block[id_] = number

    def _unblocked(self, names: Iterable[ObjectName], blocked: Mapping[ObjectId, bool]) -> list[ObjectName]:
        return [name for name in names if self._context.declared.id_of(name) not in blocked]

    def _noticed_changes(self, statement: PendingStatement, blocked: Collection[ObjectId]) -> list[ObjectName]:
        """Return declared objects that a statement may notice, and that exist after the migrations before its own.

        Applied one by one, each migration would find what the code folder declares, as far as it can be created beside
        it: not what is `blocked`, nor what uses that.
        """
        if not statement.scopes or statement.migration == 0 or not self._unsettled:
            return []
        point = self._timeline.first[statement.migration]
        found = [
            name
            for name, since in self._unsettled.items()
            if since <= point and any(self._scopes.includes_declared(scope, name) for scope in statement.scopes)
        ]
        wanted = self._code.with_needs(found, statement.number)
        held = self._users_of_blocked(wanted, blocked)
        for name in found:
            if name not in held:
                del self._unsettled[name]
        return [name for name in wanted if name not in held]

    def _users_of_blocked(self, names: Collection[ObjectName], blocked: Collection[ObjectId]) -> set[ObjectName]:
        """Return which declared objects are blocked, or use one that is."""
        declared = self._context.declared
        found: set[ObjectName] = set()
        queue = [name for name in names if declared.id_of(name) in blocked]
        queue += [
            name for name in names for use in declared.uses(name) if use.hard and declared.id_of(use.object) in blocked
        ]
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue += [user for user, use in declared.users.get(name, ()) if use.hard and user in names]
        return found

    def _blocked(self, statement: PendingStatement) -> dict[ObjectId, bool]:
        """Return what has to be absent while a statement runs; True for what is dropped by name."""
        roots = dict.fromkeys(self._absent_for.get(statement.number, {}))
        together = {operation.object for operation in statement.operations if operation.effect is Effect.DROP}
        for operation in statement.operations:
            found = self.presence.blocked_from_source(operation)
            roots |= dict.fromkeys(id_ for id_ in found if id_ not in together)
            roots |= dict.fromkeys(self._deleted_in_the_way(operation))
        roots |= dict.fromkeys(self._context.blocking.get(statement.number, ()))
        own = {operation.object for operation in statement.operations if operation.changes_definition}
        closure = self.presence.dependents_closure(roots, statement.number)
        return {id_: explicit for id_, explicit in closure.items() if id_ not in own or id_ in roots}

    def _deleted_in_the_way(self, operation: Operation) -> list[ObjectId]:
        """Return deleted objects whose name a statement gives to another, or whose table or schema it takes away."""
        found = []
        state = self._timeline.state(operation.statement)
        made = operation.name if operation.effect is Effect.CREATE else operation.becomes
        for difference in self._context.changed:
            live = difference.live
            if difference.change is not ChangeKind.DELETED or live is None:
                continue
            if self._context.declared.name_of(live.address) is not None:
                continue  # it is declared under the name that the statement gives it, or its table
            name = state.name_of(live.address)
            is_below = operation.effect in LEAVES_NAME and name.parent == operation.name
            is_below = is_below and not self._is_named_after(live.address, operation.statement)
            is_below = is_below or (
                operation.effect is Effect.DROP
                and name.schema == operation.name.name
                and operation.name.kind.value == "schema"
            )
            is_taken = made is not None and (name.schema, name.name) == (made.schema, made.name) and name != made
            if (is_below or (is_taken and name.parent is None)) and operation.object != live.address:
                found.append(live.address)
        return found

    def _is_named_after(self, id_: ObjectId, point: int) -> bool:
        """Say whether a statement after a point is about an object, which has to be there then."""
        return any(operation.statement > point for operation in self._timeline.operations_on(id_, point))

    def _noticed(self, statement: PendingStatement) -> list[ObjectId]:
        """Return absent objects that a statement names, or whose definition it would outdate."""
        absent = self.presence.absent
        if not absent:
            return []
        found = dict.fromkeys(use.object for use in statement.uses if use.object is not None and use.object in absent)
        state = self._timeline.state(statement.number)
        waited_for = (state.holder_of_kind(name) for name in self._context.waiting_for.get(statement.number, ()))
        found |= {id_: None for id_ in waited_for if id_ is not None and id_ in absent}
        for scope in statement.scopes:
            found |= {id_: None for id_ in absent if self._scopes.includes(scope, id_, statement.number)}
        for operation in statement.operations:
            found |= {id_: None for id_ in self._parts_meant(operation) if id_ in absent}
            if operation.effect in _FOLLOWED:
                found |= {id_: None for id_ in absent if self._is_outdated(id_, operation)}
        return list(found)

    def _note_missed(self, statement: PendingStatement) -> None:
        """Note the objects that cannot exist while a statement runs which may be about all of their kind."""
        if not statement.scopes or is_about_new_objects(statement.statement):
            return
        absent = [id_ for id_ in self.presence.absent if self._is_restored_before(id_)]
        missed = [
            id_ for id_ in absent if any(self._scopes.includes(s, id_, statement.number) for s in statement.scopes)
        ]
        if missed:
            self._lifetimes.missed[statement.number] = tuple(missed)

    def _is_outdated(self, id_: ObjectId, operation: Operation) -> bool:
        """Say whether an operation renames what the definition of an absent, unmanaged object names."""
        is_unmanaged = self._context.declared.name_of(id_) is None
        return is_unmanaged and operation.object in self.presence.needs_of(id_)

    def _parts_meant(self, operation: Operation) -> list[ObjectId]:
        """Return the constraint that an operation drops."""
        if operation.effect is not Effect.DROP_CONSTRAINT or operation.object not in self._context.graph.definitions:
            return []
        return list(removed_with(operation, self._context.graph))

    def _restore(
        self, noticed: Iterable[ObjectId], statement: PendingStatement, start: int, blocked: Mapping[ObjectId, bool]
    ) -> None:
        forms = self._availability.restoration(noticed, statement.number, blocked)
        forms = {id_: form for id_, form in forms.items() if self._is_restored_before(id_)}
        if not forms:
            return
        reason = f"{statement.source.name} needs it"
        names = [n for id_, form in forms.items() if form is Form.SOURCE and (n := self._context.declared.name_of(id_))]
        if names:
            self._code.bring(self._code.with_needs(names, statement.number), statement, start, reason)
        as_it_was = [id_ for id_, form in forms.items() if form is Form.CATALOG]
        needs = [needed for id_ in as_it_was for needed in self.presence.needs_of(id_)]
        is_free = all(self.presence.last_block.get(id_, -1) < start for id_ in forms)
        is_free = is_free and all(self.presence.created_at(needed) <= start for needed in needs)
        key = SlotKey(start if is_free else statement.number)
        for id_ in as_it_was:
            self._code.create(id_, key, Form.CATALOG, reason)

    def _is_restored_before(self, id_: ObjectId) -> bool:
        is_deleted = self._context.is_deleted(self._timeline.state(0).name_of(id_))
        return (
            not is_deleted
            and not self._code.restored.is_superseded(id_)
            and not self._code.restored.comes_with_its_whole(id_)
        )

    def _drop(self, blocked: Mapping[ObjectId, bool], statement: PendingStatement, start: int) -> None:
        point = statement.number
        present = {id_: explicit for id_, explicit in blocked.items() if self.presence.is_present(id_, point)}
        if not present:
            return
        slot_point = start
        for id_ in present:
            slot_point = max(slot_point, self.presence.last_notice.get(id_, -1) + 1)
            for number, scope in self._recent_scopes(start):
                if self._scopes.includes(scope, id_, number):
                    slot_point = max(slot_point, number + 1)
            slot_point = max(slot_point, self.presence.created_at(id_))
        before_commit = self._transactions.of(statement) is Transaction.OUTSIDE
        key = SlotKey(point, 0) if before_commit else SlotKey(min(slot_point, point))
        affected = self._lifetimes.affected[statement.migration]
        for id_, explicit in present.items():
            because = self._because(id_, blocked, statement)
            self._code.drop(id_, key, because.reason, explicit=explicit)
            if explicit:
                affected.setdefault(id_, because)
        if before_commit:
            self._lifetimes.owed[key] = tuple(present)

    def _recent_scopes(self, start: int) -> list[tuple[int, NoticedScope]]:
        """Return what statements from a point on may have noticed, the last first."""
        return [(number, scope) for number, scope in self._seen_scopes if number >= start]

    def _because(self, id_: ObjectId, blocked: Mapping[ObjectId, bool], statement: PendingStatement) -> Because:
        cause = self._absent_for.get(statement.number, {}).get(id_)
        if cause is not None:
            return Because(cause.reason, cause.because)
        if self._context.is_deleted(self._timeline.state(0).name_of(id_)):
            return Because(f"no longer declared, and blocks {statement.source.name}")
        nearest = next((needed for needed in self.presence.needs_of(id_) if needed in blocked), None)
        if nearest is not None:
            name = self._timeline.state(statement.number).name_of(nearest)
            return Because(f"depends on {name.display_name}", (name,))
        names = tuple(operation.name for operation in statement.operations if operation.effect in CHANGES_SHAPE)
        return Because(f"blocks {statement.source.name}", names)

    def _through(self, statement: PendingStatement) -> None:
        """Take note of what a statement names, creates, changes and removes (rule 7.4)."""
        presence, graph, number = self.presence, self._context.graph, statement.number
        if statement.number == self._timeline.first[statement.migration]:
            self._seen_scopes.clear()
        self._seen_scopes += [(number, scope) for scope in statement.scopes]
        if statement.statement.creates_unnamed:
            presence.last_unnamed = number
        for use in statement.uses:
            is_new = use.object is None and use.name in self._context.declared
            id_ = self._context.declared.id_of(use.name) if is_new else use.object
            if id_ is not None:
                presence.last_notice[id_] = number
        for operation in statement.operations:
            id_ = operation.object
            presence.last_notice[id_] = number
            if operation.changes_definition:
                presence.last_change[id_] = number
            if operation.effect in _FOLLOWED:
                users = [link.dependent for link in graph.dependents(id_)]
                presence.last_notice |= dict.fromkeys((*users, *presence.created_users_of(id_)), number)
            removed = [id_] if operation.effect is Effect.DROP else []
            removed += removed_with(operation, graph) if id_ in graph.definitions else []
            for gone in removed:
                presence.absent.pop(gone, None)
                presence.from_source.pop(gone, None)
                for link in graph.needs(gone):
                    presence.last_notice[link.on] = number
        self._note_outgrown(statement)

    def _note_outgrown(self, statement: PendingStatement) -> None:
        """Take note of what reads by `*` something to which a statement adds columns."""
        presence, number = self.presence, statement.number
        demands = self._demands[statement.migration]
        presence.outgrown |= {id_: cause for id_, cause in demands.outgrown.items() if cause.statement == number}
        for name, cause in demands.replaced.items():
            id_ = self._context.declared.id_of(name)
            if cause.statement == number and presence.is_present(id_, number):
                self._stale.setdefault(name, statement)
                self._lifetimes.affected[statement.migration].setdefault(id_, Because(cause.reason, cause.because))

    def _recreate_used(self, statement: PendingStatement) -> None:
        """Recreate what a statement uses if its `*` stands for other columns now and it cannot be replaced in place."""
        if self._context.outgrown:
            names = [name for name in self._stale_used(statement) if name not in self._stale]
            ready = [name for name in names if self._availability.source_holds(name, statement.number)]
            self._code.recreate_outgrown(ready, SlotKey(statement.number))

    def _refresh_used(self, statement: PendingStatement) -> None:
        """Expand the `*` of stale views anew before a statement that uses them."""
        if self._stale:
            self._refresh(self._stale_used(statement), SlotKey(statement.number))

    def _refresh_below_created(self) -> None:
        """Expand the `*` of what an object created just now uses: a materialized view is filled at once."""
        for id_, key in self._code.take_created():
            if self._stale:
                self._refresh(self._stale_below(id_), key)

    def _refresh(self, names: Iterable[ObjectName], key: SlotKey) -> None:
        for name in names:
            if name in self._stale and self._availability.source_holds(name, key.point):
                self._replace(name, key)

    def _stale_used(self, statement: PendingStatement) -> list[ObjectName]:
        """Return the stale objects that a statement names, and those that they use."""
        names = dict.fromkeys(use.name for use in statement.uses if use.name in self._context.declared)
        found: dict[ObjectName, None] = {}
        for name in names:
            found |= dict.fromkeys(self._stale_below(self._context.declared.id_of(name)))
            found |= {name: None} if self._is_stale(name) else {}
        return list(found)

    def _is_stale(self, name: ObjectName) -> bool:
        return name in self._stale or self._context.declared.id_of(name) in self.presence.outgrown

    def _stale_below(self, id_: ObjectId) -> list[ObjectName]:
        """Return the stale objects that an object uses, through others as well."""
        declared = self._context.declared
        own = declared.name_of(id_)
        queue = dict.fromkeys(self._timeline.final.name_of(needed) for needed in self.presence.needs_of(id_))
        queue |= dict.fromkeys(use.object for use in declared.uses(own)) if own is not None else {}
        names = list(queue)
        for name in names:
            for use in declared.uses(name):
                if use.object not in queue:
                    queue[use.object] = None
                    names.append(use.object)
        return [name for name in names if self._is_stale(name)]

    def _refresh_all(self) -> None:
        """Expand the `*` of stale views anew before their transaction ends: the next run would not know of it."""
        for name, statement in list(self._stale.items()):
            self._replace(name, self.end_of_transaction(name, statement))

    def _replace(self, name: ObjectName, key: SlotKey) -> None:
        del self._stale[name]
        if self.presence.is_present(self._context.declared.id_of(name), key.point):
            self.presence.outgrown.pop(self._context.declared.id_of(name), None)
            self._lifetimes.slot(key).replaced.setdefault(name, "its `*` is expanded anew")

    def end_of_transaction(self, name: ObjectName, statement: PendingStatement) -> SlotKey:
        """Return the last slot of a statement's transaction, or of all where the source needs what comes later."""
        end = self._timeline.end
        point = statement.number + 1
        while point < end and not self._transactions.commits_before(point):
            point += 1
        if point >= end or not self._availability.source_holds(name, point):
            return SlotKey(end)
        return SlotKey(point, 0)

    def _place_default_privileges(self) -> None:
        """Default privileges are set as early as possible and revoked before everything: migrations create objects."""
        for difference in self._context.changed:
            if difference.name.kind is Kind.DEFAULT_PRIVILEGES:
                key = SlotKey(earliest_point(difference, self._context))
                self._lifetimes.default_privileges.setdefault(key, []).append(difference.name)

    def _drop_before_rebuilds(self, last: SlotKey) -> None:
        """Drop an index or statistics that the plan drops at the end before a statement that would rebuild it.

        The server rebuilds them where a column changes its type: twice the work, and their statistics targets are lost.
        """
        drops = self._lifetimes.slot(last).drops
        ends = [n for n in range(1, last.point + 1) if self._transactions.commits_before(n)]
        for id_ in [id_ for id_ in drops if self._is_rebuilt_by_server(id_)]:
            number = self._last_rebuild(id_)
            if number is None or any(number <= end for end in ends):
                continue
            key = SlotKey(number)
            earlier = [slot for other, slot in self._lifetimes.slots.items() if other < last]
            if not any(id_ in slot.drops or id_ in slot.creations for slot in earlier):
                self._lifetimes.slot(key).drops[id_] = drops.pop(id_)

    def _is_rebuilt_by_server(self, id_: ObjectId) -> bool:
        graph = self._context.graph
        return id_ in graph.definitions and graph.name(id_).kind in (Kind.INDEX, Kind.STATISTICS)

    def _last_rebuild(self, id_: ObjectId) -> int | None:
        """Return the statement that rebuilds an object, if nothing but such statements uses its table from there on."""
        columns = {(link.on, link.column) for link in self._context.graph.needs(id_) if link.column is not None}
        tables = {table for table, _ in columns}
        found: int | None = None
        for statement in reversed(self._timeline.statements):
            retyped = {(o.object, o.column) for o in statement.operations if o.effect is Effect.RETYPE_COLUMN}
            if retyped & columns:
                found = statement.number
            elif statement.scopes or any(use.object in tables for use in statement.uses):
                break
        return found

    # -- the end of a transaction ----------------------------------------------------------------------------------

    def _close_transaction(self, point: int, following: PendingStatement | None) -> None:
        """Create again, before a transaction ends, what has been dropped in it (rule 9.2)."""
        self._refresh_all()
        blocked: dict[ObjectId, bool] = {}
        if following is not None and self._transactions.of(following) is Transaction.OUTSIDE:
            for statement in self._transactions.block_of(following):
                blocked |= self._blocked(statement)
        wanted = [id_ for id_ in self.presence.absent if id_ not in blocked and self._is_restored_before(id_)]
        key = SlotKey(point, 0)
        forms = self._availability.restoration(wanted, point, blocked)
        reason = "a transaction recreates what it dropped"
        names = [n for id_, form in forms.items() if form is Form.SOURCE and (n := self._context.declared.name_of(id_))]
        if names:
            self._code.bring_at(self._code.with_needs(names, point), key, reason)
        for id_, form in forms.items():
            if form is Form.CATALOG:
                self._code.create(id_, key, form, reason)
        if self.presence.absent:
            self._lifetimes.owed[key] = tuple(self.presence.absent)


def _by_statement(demands: Iterable[Demands]) -> dict[int, dict[ObjectId, Cause]]:
    found: dict[int, dict[ObjectId, Cause]] = {}
    for demand in demands:
        for id_, cause in demand.absent.items():
            found.setdefault(cause.statement, {})[id_] = cause
    return found
