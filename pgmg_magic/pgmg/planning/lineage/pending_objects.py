"""The objects as apply will leave them: their definitions, what they use, and whose results a change reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Aspect
from pgmg.model.database.option_values import truth
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.facts import EnumFacts, OwnerFacts, ViewFacts
from pgmg.model.sources.source import Reference, RefKind
from pgmg.planning.demands.dependencies import DependencyGraph
from pgmg.planning.lineage.aftermath import Aftermath, Maker, Rows
from pgmg.planning.resolve.declared import Use
from pgmg.source import parse_recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgmg.model.database.catalog_details import Closure
    from pgmg.model.database.snapshot import Address
    from pgmg.model.sources.source import Parts, SourceObject
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison

VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
UNCHANGED = frozenset({None, ChangeKind.FORMATTING})
_FOLLOWED = VIEWS | ROUTINES
"""Kinds whose results depend on what they use."""
_PERMANENT = RELATIONS - VIEWS
_OWN_PATH = ("SET search_path = pg_catalog",)
"""The settings under which the catalog's own definitions are written: they qualify everything else."""


def seeds(comparison: Comparison) -> frozenset[Address]:
    """Return the live objects whose dependents must be known: those that change, and routines that nobody declares."""
    live = comparison.resolved.snapshot.objects
    declared = comparison.resolved.declared
    found = {d.live.address for d in comparison.differences if d.change is not None and d.live is not None}
    found |= {
        known.address
        for name, known in live.items()
        if name.kind in ROUTINES and name not in declared and known.extension is None
    }
    return frozenset(found)


class PendingObjects:
    """One project's objects after apply. Without a plan, `after` says nothing: changed objects are as declared."""

    def __init__(self, comparison: Comparison, closure: Closure, after: Aftermath | None) -> None:
        self._resolved = comparison.resolved
        self._after = after
        self._differences: Mapping[ObjectName, ObjectComparison] = {d.name: d for d in comparison.differences}
        self._catalog = DependencyGraph(closure)
        self._read: dict[ObjectName, SourceObject | None] = {}
        self._uses: dict[ObjectName, tuple[Use, ...]] = {}

    # -- what is known of one object --------------------------------------------------------------------

    def change(self, name: ObjectName) -> ChangeKind | None:
        """Return how an object differs."""
        found = self._differences.get(name)
        return None if found is None else found.change

    def changes(self, name: ObjectName) -> bool:
        """Tell whether an object itself becomes another one."""
        return self.change(name) not in UNCHANGED

    def is_new(self, name: ObjectName) -> bool:
        """Tell whether the database does not have an object."""
        return name not in self._resolved.snapshot.objects

    def rows(self, name: ObjectName) -> Rows:
        """Return what a materialized view holds after apply."""
        if self._after is not None:
            return self._after.rows.get(name, Rows.KEPT)
        return Rows.REFILLED if self.changes(name) else Rows.KEPT

    def source(self, name: ObjectName) -> SourceObject | None:
        """Return the definition that an object has after apply; None for what no definition is known of."""
        declared = self._resolved.declared.get(name)
        return self._from_catalog(name) if declared is None else declared.source

    def is_from_catalog(self, name: ObjectName) -> bool:
        """Tell whether the definition is the catalog's own, which is written under another search_path."""
        made = self._after.made.get(name) if self._after is not None else None
        return name not in self._resolved.declared or made is Maker.CATALOG

    def _from_catalog(self, name: ObjectName) -> SourceObject | None:
        if name not in self._read:
            live = self._resolved.snapshot.objects.get(name)
            definition = None if live is None else self._catalog.definitions.get(live.address)
            texts = definition.create if definition is not None and definition.extension is None else ()
            found = [source for text in texts for source in parse_recorded(text)]
            self._read[name] = replace(found[0], settings=_OWN_PATH) if found else None
        return self._read[name]

    def owner(self, name: ObjectName) -> str:
        """Return the role that owns an object after apply."""
        owner = self._differences.get(ObjectName(Kind.OWNER, parent=name))
        if owner is not None and owner.declared is not None and isinstance(owner.declared.source.facts, OwnerFacts):
            role = owner.declared.source.facts.role
            return self._resolved.snapshot.server.user if role.endswith(("_USER", "_ROLE")) else role
        live = self._resolved.snapshot.objects.get(name)
        return self._resolved.snapshot.server.user if live is None else live.owner

    def reads_as_invoker(self, name: ObjectName) -> bool:
        """Tell whether a view reads with the rights of whoever asks (`security_invoker`)."""
        source = self.source(name)
        said = dict(source.facts.options) if source is not None and isinstance(source.facts, ViewFacts) else {}
        if "security_invoker" in said:
            return truth(said["security_invoker"]) is True
        live = self._resolved.snapshot.objects.get(name)
        definition = None if live is None else self._catalog.definitions.get(live.address)
        kept = definition.properties if definition is not None else ()
        options = (p for p in kept if p.aspect is Aspect.OPTION and p.subject == "security_invoker")
        return any(truth(p.statement.split("'")[-2]) for p in options)

    # -- what objects use -------------------------------------------------------------------------------

    def uses(self, name: ObjectName) -> tuple[Use, ...]:
        """Return what an object uses after apply: as its source says, or its definition in the catalog."""
        if name not in self._uses:
            declared = self._resolved.declared.get(name)
            self._uses[name] = declared.uses if declared is not None else tuple(self._live_uses(name))
        return self._uses[name]

    def _live_uses(self, name: ObjectName) -> Iterator[Use]:
        live = self._resolved.snapshot.objects.get(name)
        if live is None or live.extension is not None:
            return
        if live.address in self._catalog.definitions:
            for link in self._catalog.needs(live.address):
                yield Use(self._catalog.name(link.on), hard=True)
        source = self._from_catalog(name) if name.kind in _FOLLOWED else None
        if source is not None:
            # what the server tracks is qualified; what a body in a string names is looked up when it is called
            meant = [r for r in source.references if not r.hard or len(r.parts) > 1]
            yield from self._resolved.resolver.uses(meant, but=name)

    def meanings(self, name: ObjectName, kind: RefKind, parts: Parts) -> list[ObjectName]:
        """Return the objects that a name may mean in the definition of an object."""
        is_view = name.kind is Kind.VIEW or name.kind is Kind.MATERIALIZED_VIEW
        source = self.source(name)
        settings = source.settings if source is not None else ()
        if settings == _OWN_PATH:
            if len(parts) == 1 and is_view:
                return []
            settings = ()
        return [
            n
            for n in self._resolved.resolver.meant(Reference(kind, parts), settings)
            if n != name or n.kind in ROUTINES
        ]

    # -- what a change reaches --------------------------------------------------------------------------

    def is_stale(self, name: ObjectName) -> bool:
        """Tell whether an object gives other results after apply than the one that is there now.

        A materialized view that is not filled again keeps its rows, whatever becomes of what they were computed from.
        """
        return name in self._stale

    @cached_property
    def _stale(self) -> frozenset[ObjectName]:
        users: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        known = {*self._resolved.declared, *(d.name for d in self._catalog.definitions.values())}
        for name in known:
            if name.kind in _FOLLOWED or name.kind is Kind.OPERATOR:
                for use in self.uses(name):
                    users[use.object].append(name)
        found = {name for name in known if self._is_stale_itself(name)}
        waiting = list(found)
        while waiting:
            reached = [n for n in users[waiting.pop()] if n not in found and n.kind is not Kind.MATERIALIZED_VIEW]
            found.update(reached)
            waiting += reached
        return frozenset(found)

    def _is_stale_itself(self, name: ObjectName) -> bool:
        if name.kind is Kind.MATERIALIZED_VIEW:
            return self.rows(name) is not Rows.KEPT
        if name.kind in _PERMANENT or self.change(name) is ChangeKind.DELETED:
            return False
        return self.changes(name) and not self.is_harmless(name)

    def reach(self, name: ObjectName) -> list[ObjectName]:
        """Return what an object uses: directly, or through what is stale."""
        found: dict[ObjectName, None] = {}
        waiting = [name]
        while waiting:
            for use in self.uses(waiting.pop()):
                if use.object not in found and use.object != name:
                    found[use.object] = None
                    if self.is_stale(use.object):
                        waiting.append(use.object)
        return sorted(found, key=str)

    def is_harmless(self, name: ObjectName) -> bool:
        """Tell whether a type that changes holds the same values as before: an enum that gets further labels."""
        difference = self._differences.get(name)
        if difference is None or difference.declared is None or name.kind not in TYPES:
            return False
        new = difference.declared.source.facts
        old = next((s.facts for s in parse_recorded(difference.recorded_sql or "")), None)
        if not isinstance(new, EnumFacts) or not isinstance(old, EnumFacts):
            return False
        return [label for label in new.labels if label in old.labels] == list(old.labels)

    def pending_policies(self, relations: Iterable[ObjectName]) -> list[ObjectName]:
        """Return the policies on some relations that change."""
        about = set(relations)
        return [n for n in self._differences if n.kind is Kind.POLICY and n.parent in about and self.changes(n)]
