"""Says what to ask about the rows of changed views: which query, and which pending definitions belong into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.errors import CycleError, UsageError
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.naming.quoting import quote
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.results.row_questions import After, Query, RowQuestion
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import Notice, RefKind
from pgmg.planning.lineage.aftermath import Aftermath, Rows
from pgmg.planning.lineage.changing_calls import ChangingCalls
from pgmg.planning.lineage.pending_objects import UNCHANGED, VIEWS, PendingObjects
from pgmg.planning.lineage.temporary_objects import TemporaryObjects
from pgmg.planning.resolve.lookup import find_all
from pgmg.planning.resolve.search_path import search_path_of
from pgmg.source.columns.inlining import CircularViewsError, Inlined, InlinedQuery, inline
from pgmg.source.columns.renaming import RenamingError
from pgmg.source.grammar.recursion import TooDeepError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.database.catalog_details import Closure
    from pgmg.model.sources.source import Parts, SourceObject
    from pgmg.planning.compare.resolved import Comparison

_NO_RESULTS = RELATIONS - VIEWS
_FOLLOWED = VIEWS | ROUTINES | TYPES


def row_questions(
    comparison: Comparison, names: Sequence[str], closure: Closure, after: Aftermath | None
) -> tuple[RowQuestion, ...]:
    """Return a question for each named view; without names, for every view that changes.

    `closure` is what depends on the objects that `seeds` returned; `after` what the plan leaves behind, None where
    there is no plan.

    Raises:
        UnknownObjectError: a name that nothing bears.
        UsageError: what is named has no rows of its own.
        CycleError: views that read each other.
    """
    questions = _Questions(comparison, closure, after)
    known = [difference.name for difference in comparison.differences]
    if not names:
        chosen = [d.name for d in comparison.differences if d.name.kind in VIEWS and d.change not in UNCHANGED]
    else:
        views = [name for name in known if name.kind in VIEWS]
        chosen = [name for word in names for name in _named(word, views, known)]
    return tuple(questions.about(name) for name in dict.fromkeys(chosen))


def question_about(
    comparison: Comparison, name: ObjectName, closure: Closure, after: Aftermath | None
) -> RowQuestion | None:
    """Return the question about one declared view; None where the name is another's."""
    return _Questions(comparison, closure, after).about(name) if name.kind in VIEWS else None


def _named(word: str, views: Sequence[ObjectName], known: Sequence[ObjectName]) -> Iterator[ObjectName]:
    """A view is preferred to what bears the same name but has no rows."""
    found = find_all([word], known)
    rows = [name for name in found if name in views]
    if not rows:
        raise UsageError(f"{found[0]} has no rows to compare", hint="--rows is for views and materialized views.")
    yield from rows


class _Questions:
    """Writes questions about one comparison."""

    def __init__(self, comparison: Comparison, closure: Closure, after: Aftermath | None) -> None:
        self._resolved = comparison.resolved
        self._has_plan = after is not None
        self._pending = PendingObjects(comparison, closure, after)
        self._calls = ChangingCalls(self._pending)
        self._temporary = TemporaryObjects(self._pending, comparison.resolved.resolver)

    def about(self, name: ObjectName) -> RowQuestion:
        """Return the question about one view."""
        live = self._live(name)
        before = None if live is None else _relation(live)
        source = self._pending.source(name)
        change = self._pending.change(name)
        if change is ChangeKind.DELETED or source is None or not isinstance(source.facts, ViewFacts):
            return RowQuestion(name, change, before, None)
        notes = [*self._notes(name, live)]
        if name.kind is Kind.MATERIALIZED_VIEW and self._pending.rows(name) is Rows.KEPT and before is not None:
            kept = After(_all_of(before), _all_of(before))
            return RowQuestion(name, change, before, kept, (), tuple(notes), source.location)
        reach = self._pending.reach(name)
        pending = tuple(other for other in reach if other.kind in _FOLLOWED and self._pending.is_stale(other))
        after = self._after(name, source, reach)
        calls = self._calls.of(name)
        return RowQuestion(name, change, before, after, pending, tuple(notes), source.location, calls)

    def _live(self, name: ObjectName) -> ObjectName | None:
        kinds = (name.kind, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.TABLE)
        return next((o for kind in kinds if (o := replace(name, kind=kind)) in self._resolved.snapshot.objects), None)

    # -- how to ask -------------------------------------------------------------------------------------

    def _after(self, name: ObjectName, source: SourceObject, reach: Sequence[ObjectName]) -> After:
        views = [other for other in reach if other.kind in VIEWS and self._pending.is_stale(other)]
        obstacles = [*self._obstacles(name, source, reach, views)]
        inlined: Inlined | None = None
        try:
            pending = {_relation(view): self._definition(view) for view in (name, *views)}
            inlined = inline(self._definition(name), pending, _relation(name))
        except CircularViewsError as error:
            raise CycleError(f"{name} cannot be read: {error}", where=source.location) from None
        except (RenamingError, TooDeepError) as error:
            obstacles.append(str(error))
        assert isinstance(source.facts, ViewFacts)
        settings = () if self._pending.is_from_catalog(name) else source.settings
        text = Query(inlined.text, source.facts.columns, settings, inlined.expanded) if inlined is not None else None
        written = self._temporary.needed(name)
        read = Query(f"SELECT * FROM pg_temp.{quote(self._temporary.name(name))}")  # noqa: S608 - a quoted name
        unknown = tuple(self._unknown(name, reach))
        access = dict.fromkeys(a for other in (name, *views) for a in self._temporary.access(other))
        return After(text, read, tuple(obstacles), tuple(access), written.objects, written.obstacle, unknown)

    def _definition(self, name: ObjectName) -> InlinedQuery:
        source = self._pending.source(name)
        assert source is not None
        assert isinstance(source.facts, ViewFacts)

        def meaning(kind: RefKind, parts: Parts) -> Parts | None:
            found = self._pending.meanings(name, kind, parts)
            places = {_relation(one) for one in found}
            if len(places) > 1:
                raise RenamingError(f"{'.'.join(parts)} may mean {' or '.join(sorted(map(str, found)))}")
            return places.pop() if places else None

        stored = name.kind is Kind.MATERIALIZED_VIEW
        settings = () if self._pending.is_from_catalog(name) else source.settings
        return InlinedQuery(source.facts.query, source.facts.columns, meaning, stored, settings)

    def _obstacles(
        self, name: ObjectName, source: SourceObject, reach: Sequence[ObjectName], views: Sequence[ObjectName]
    ) -> Iterator[str]:
        """Say why the views' own queries are not enough, each as one text."""
        for other in reach:
            if other.kind not in VIEWS and other.kind in _FOLLOWED and self._pending.is_stale(other):
                what = "is new" if self._pending.is_new(other) else "gives other results then"
                yield f"{other} {what}"
        read = [(other, self._pending.source(other)) for other in views]
        for other, its in ((name, source), *read):
            settings = its.settings if its is not None and not self._pending.is_from_catalog(other) else ()
            if any(search_path_of((setting,)) is None for setting in settings):
                yield f"{other} is written under settings of its own"
            elif settings and any(use.object.kind in ROUTINES for use in self._pending.uses(other)):
                yield f"{other} calls functions and is written under a search_path of its own"
            elif settings != source.settings and self._names_unqualified(other):
                yield f"{other} is written under another search_path"

    def _names_unqualified(self, name: ObjectName) -> bool:
        """Tell whether an object uses what cannot be spelled with its schema where it stands."""
        return any(use.object.kind in (Kind.OPERATOR, Kind.COLLATION) for use in self._pending.uses(name))

    def _unknown(self, name: ObjectName, reach: Sequence[ObjectName]) -> Iterator[str]:
        """Say what apply changes that cannot be had before."""
        for other in reach:
            if other.kind in _FOLLOWED or other.kind in _NO_RESULTS or not self._pending.is_stale(other):
                continue
            yield f"{other} changes by the same apply, and cannot be had before"
        for other in reach:
            if other.kind is Kind.MATERIALIZED_VIEW and self._pending.rows(other) is Rows.NONE:
                yield f"{other} is left unfilled by apply: it cannot be read until it is refreshed"
        tables = [other for other in (name, *reach) if other.kind in RELATIONS]
        for policy in self._pending.pending_policies(tables):
            yield f"{policy} changes by the same apply"

    # -- what is to be said -----------------------------------------------------------------------------

    def _notes(self, name: ObjectName, live: ObjectName | None) -> Iterator[Notice]:
        if live is not None and live.kind is not name.kind:
            yield Notice("other-kind", f"What is there now is a {live.kind.sql_keyword}.")
        if migrations := [migration.name for migration in self._resolved.pending]:
            said = f"Pending migrations are not taken into account: {', '.join(migrations)}."
            yield Notice("migration-pending", said)
        if not self._has_plan:
            yield Notice(
                "no-plan", "The project cannot be planned as it is: these are the rows if every view were changed."
            )
        if name.kind is Kind.MATERIALIZED_VIEW:
            match self._pending.rows(name):
                case Rows.KEPT if live is not None:
                    stale = sorted(str(u.object) for u in self._pending.uses(name) if self._pending.is_stale(u.object))
                    if stale:
                        said = f"It keeps the rows it has, which were computed from the present {', '.join(stale)}."
                        yield Notice("as-it-stands", said)
                case Rows.NONE:
                    yield Notice("unfilled", "Apply leaves it without data: these are the rows of a later REFRESH.")
                case _:
                    pass
        for used in self._pending.reach(name):
            if self._pending.change(used) is ChangeKind.DELETED:
                yield Notice("as-it-stands", f"{used} is to be deleted; it is read as it stands.")
            elif used.kind is Kind.MATERIALIZED_VIEW and not self._pending.is_stale(used):
                stale = sorted(str(u.object) for u in self._pending.uses(used) if self._pending.is_stale(u.object))
                if stale:
                    said = (
                        f"{used} is read with the rows it has: they were computed from the present {', '.join(stale)}."
                    )
                    yield Notice("as-it-stands", said)


def _all_of(relation: Parts) -> Query:
    return Query(f"SELECT * FROM {'.'.join(map(quote, relation))}")  # noqa: S608 - quoted names


def _relation(name: ObjectName) -> Parts:
    return name.schema or "", name.name
