"""Says what to ask about the rows of changed views: which query, and which pending definitions belong into it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgmg.errors import CycleError, RowsError, UsageError
from pgmg.model.facts import ViewFacts
from pgmg.model.names import ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.plan import ChangeKind
from pgmg.model.row_questions import Query, RowQuestion
from pgmg.model.source import Notice, Parts, RefKind
from pgmg.planning.resolve.lookup import find_all
from pgmg.planning.resolve.search_path import search_path_of
from pgmg.source.columns.inlining import CircularViewsError, Inlinable, inline
from pgmg.source.grammar.recursion import TooDeepError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison
    from pgmg.planning.resolve.resolver import Declared

VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
_STANDS = frozenset({None, ChangeKind.FORMATTING})
_CALLED = ROUTINES | TYPES | {Kind.OPERATOR, Kind.COLLATION}


def row_questions(comparison: Comparison, names: Sequence[str]) -> tuple[RowQuestion, ...]:
    """Return a question for each named view; without names, for every view that changes.

    Raises:
        UnknownObjectError: a name that nothing bears.
        UsageError: what is named has no rows of its own.
    """
    pending = _Pending(comparison)
    known = [difference.name for difference in comparison.differences]
    if not names:
        chosen = [d.name for d in comparison.differences if d.name.kind in VIEWS and d.change not in _STANDS]
    else:
        views = [name for name in known if name.kind in VIEWS]
        chosen = [name for word in names for name in _named(word, views, known)]
    return tuple(pending.question(name) for name in dict.fromkeys(chosen))


def question_about(comparison: Comparison, name: ObjectName) -> RowQuestion | None:
    """Return the question about one declared view; None where the name is another's."""
    return _Pending(comparison).question(name) if name.kind in VIEWS else None


def _named(word: str, views: Sequence[ObjectName], known: Sequence[ObjectName]) -> Iterator[ObjectName]:
    """A view is preferred to what bears the same name but has no rows."""
    found = find_all([word], known)
    rows = [name for name in found if name in views]
    if not rows:
        raise UsageError(f"{found[0]} has no rows to compare", hint="--rows is for views and materialized views.")
    yield from rows


@dataclass(frozen=True, slots=True)
class _View:
    """A declared view with what is known of it."""

    declared: Declared
    facts: ViewFacts


class _Pending:
    """The views whose rows are not what the database says, because they or what they read is about to change."""

    def __init__(self, comparison: Comparison) -> None:
        self._survey = comparison.resolved
        self._differences: Mapping[ObjectName, ObjectComparison] = {d.name: d for d in comparison.differences}
        self._views = {
            name: _View(declared, declared.source.facts)
            for name, declared in comparison.resolved.declared.items()
            if isinstance(declared.source.facts, ViewFacts)
        }
        self._stale: dict[ObjectName, bool] = {}

    def _change(self, name: ObjectName) -> ChangeKind | None:
        found = self._differences.get(name)
        return None if found is None else found.change

    def _is_stale(self, name: ObjectName) -> bool:
        """Say whether a view is to be inlined; a materialized one keeps its rows unless it is made anew."""
        if name in self._stale:
            return self._stale[name]
        self._stale[name] = False  # for circles, which are an error of their own
        view = self._views.get(name)
        found = view is not None and (
            self._change(name) not in _STANDS
            or (name.kind is Kind.VIEW and any(self._is_stale(use.object) for use in view.declared.uses))
        )
        self._stale[name] = found
        return found

    def question(self, name: ObjectName) -> RowQuestion:
        """Return the question about one view."""
        live = self._live(name)
        before = None if live is None else (live.schema or "", live.name)
        view = self._views.get(name)
        if view is None:
            return RowQuestion(name, self._change(name), before, None)
        stale = {_relation(other): self._inlinable(v) for other, v in self._views.items() if self._is_stale(other)}
        source = view.declared.source
        try:
            text, used = inline(self._inlinable(view), stale, _relation(name))
        except CircularViewsError as error:
            raise CycleError(f"{name} cannot be read: {error}", where=source.location) from None
        except TooDeepError as error:
            raise RowsError(f"The rows of {name} cannot be compared: {error}", where=source.location) from None
        names = {_relation(other): other for other in self._views}
        inlined = tuple(names[one] for one in used)
        return RowQuestion(
            name,
            self._change(name),
            before,
            Query(text, view.facts.columns, source.settings),
            inlined,
            tuple(self._notes(name, live, inlined)),
            source.location,
        )

    def _live(self, name: ObjectName) -> ObjectName | None:
        kinds = (name.kind, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.TABLE)
        return next((o for kind in kinds if (o := replace(name, kind=kind)) in self._survey.snapshot.objects), None)

    def _inlinable(self, view: _View) -> Inlinable:
        source = view.declared.source
        meaning: dict[Parts, Parts] = {}
        for reference in source.references:
            if reference.kind is RefKind.RELATION:
                found = self._survey.resolver.relation(reference.parts, source.settings)
                if found is not None and found != view.declared.name:
                    meaning[reference.parts] = _relation(found)
        stored = view.declared.name.kind is Kind.MATERIALIZED_VIEW
        return Inlinable(view.facts.query, view.facts.columns, meaning.get, stored)

    # -- what is to be said -----------------------------------------------------------------------------

    def _notes(self, name: ObjectName, live: ObjectName | None, inlined: tuple[ObjectName, ...]) -> Iterator[Notice]:
        if live is not None and live.kind is not name.kind:
            yield Notice("other-kind", f"What is there now is a {live.kind.sql_keyword}.")
        if migrations := [migration.name for migration in self._survey.pending]:
            said = f"Pending migrations are not taken into account: {', '.join(migrations)}."
            yield Notice("migration-pending", said)
        for used in self._read_by(name, inlined):
            about = self._about(used)
            if about is not None:
                yield Notice("as-it-stands", about)
        own = search_path_of(self._views[name].declared.source.settings)
        for other in inlined:
            if search_path_of(self._views[other].declared.source.settings) != own:
                said = f"{other} sets another search_path; its functions and types are looked up under that of {name}."
                yield Notice("search-path", said)

    def _read_by(self, name: ObjectName, inlined: tuple[ObjectName, ...]) -> list[ObjectName]:
        """Return what the query reads and calls once everything is inlined, and what that reads in turn."""
        found: dict[ObjectName, None] = {}
        waiting = [name, *inlined]
        while waiting:
            declared = self._survey.declared.get(waiting.pop())
            for use in declared.uses if declared is not None else ():
                if use.object not in found and use.object != name and use.object not in inlined:
                    found[use.object] = None
                    if use.object.kind in VIEWS:
                        waiting.append(use.object)
        return sorted(found)

    def _about(self, used: ObjectName) -> str | None:
        change = self._change(used)
        if used.kind in _CALLED:
            if change not in _STANDS:
                return f"{used} is used as the database has it: its pending change is not taken along."
            declared = self._survey.declared.get(used)
            changed = sorted(str(u.object) for u in (declared.uses if declared else ()) if self._is_stale(u.object))
            if changed:
                return f"{used} is called as it stands: in its body {', '.join(changed)} is still the present one."
        if used.kind not in VIEWS:
            return None
        if change is ChangeKind.DELETED:
            return f"{used} is to be deleted; it is read as it stands."
        if used.kind is Kind.MATERIALIZED_VIEW and used in self._views:
            reads = sorted(str(u.object) for u in self._views[used].declared.uses if self._is_stale(u.object))
            if reads:
                return f"{used} is read with the rows it has: they were computed from the present {', '.join(reads)}."
        elif used not in self._views and any(map(self._is_stale, self._views)):
            return f"{used} is declared nowhere; it is read as it stands, whatever it reads itself."
        return None


def _relation(name: ObjectName) -> Parts:
    return name.schema or "", name.name
