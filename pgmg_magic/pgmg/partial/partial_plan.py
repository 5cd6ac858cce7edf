"""Plans as much of a project as can be planned: what is broken or waits stays as it is, everything else goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pgmg.errors import DuplicateObject, OtherProject, PgmgError, PlanError, RefusedChange, SourceError, SourceErrors
from pgmg.model.database.server_facts import NO_FACTS, ServerFacts
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Plan, PlanOptions
from pgmg.model.results.watch_events import Broken
from pgmg.partial.focus import declared_in, outside_of
from pgmg.planning.compare.change_consent import doubts, listed
from pgmg.planning.deferral import (
    Deferral,
    blocked_by_deferred,
    excluding,
    needed_migration,
    of_migrations,
    sources_of,
    still_deferred,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.sources.source import Migration
    from pgmg.partial.folder_memory import FolderMemory
    from pgmg.planner import ParsedFiles, Planner
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison, ResolvedProject
    from pgmg.source import SourceFiles

_GRANTS = re.compile(r"\b(grant|revoke)\b", re.IGNORECASE)
_ADDED_UP = frozenset({Kind.GRANT, Kind.DEFAULT_PRIVILEGES})


@dataclass(frozen=True, slots=True)
class Blocked:
    """Pending migrations that have failed: they are not run again until there are others."""

    pending: tuple[Migration, ...]
    error: PgmgError


@dataclass(frozen=True, slots=True)
class PartialScope:
    """The extent of a partial plan. `holds` are remembered and may be over; `firm` ones failed in this very round.

    With a `focus`, only what these files declare is planned, with what it needs.
    """

    migrations: bool = False
    holds: tuple[Deferral, ...] = ()
    firm: tuple[Deferral, ...] = ()
    blocked: Blocked | None = None
    focus: frozenset[str] = frozenset()

    def runs(self, pending: tuple[Migration, ...]) -> bool:
        """Say whether these migrations are to be run."""
        return self.migrations and (self.blocked is None or self.blocked.pending != pending)


@dataclass(frozen=True, slots=True)
class PartialPlan:
    """A plan of what can be done, and what is left out of it.

    `holds` are to be remembered; `problems` and `waiting` (for pending migrations) are to be told. `blocked` is why the
    pending migrations cannot be read or run.
    """

    plan: Plan
    snapshot: Snapshot
    resolved: ResolvedProject
    files: SourceFiles
    holds: tuple[Deferral, ...]
    problems: tuple[Broken, ...]
    pending: tuple[Migration, ...]
    waiting: tuple[ObjectName, ...]
    blocked: PgmgError | None
    focused: frozenset[ObjectName] = frozenset()
    """What the files in focus declare."""
    left: tuple[ObjectComparison, ...] = ()
    """Changes outside the focus."""

    @property
    def focused_names(self) -> tuple[ObjectName, ...]:
        """The objects that the files in focus declare, in the order of the sources."""
        return tuple(name for name in self.resolved.declared if name in self.focused)


class PartialPlanner:
    """Makes partial plans; the last one is given again while files and database are the same."""

    def __init__(self, planner: Planner, options: PlanOptions, memory: FolderMemory) -> None:
        self._planner = planner
        self._options = options
        self._memory = memory
        self._last: tuple[PartialScope, PartialPlan] | None = None
        self.pending: tuple[Migration, ...] = ()
        """The migrations that were pending when a partial plan was last tried."""

    def partial(self, conn: Connection, scope: PartialScope, facts: ServerFacts = NO_FACTS) -> PartialPlan:
        """Return what can be done, inside the caller's transaction.

        Raises:
            PlanError: nothing can be planned, whatever is left out.
            SourceErrors, ConfigError: as when planning.
        """
        while True:
            files = self._planner.files()
            snapshot = self._planner.snapshot(conn)
            if self._last is not None and facts == NO_FACTS:
                known, last = self._last
                if known == scope and last.files is files and last.snapshot is snapshot:
                    return last
            work = _Work(self._planner, self._options, conn, snapshot, scope, self._memory)
            try:
                made = work.run(files, facts)
            finally:
                self.pending = work.pending
            if not work.is_doubtful or self._planner.files() is files:
                break  # else another process may have applied files that were saved after they were read here
        if facts == NO_FACTS:
            self._last = (scope, made)
        return made


@dataclass(slots=True)
class _Work:
    """One partial plan in the making. `out` is all that is left out, `late` what of it needs another part of it."""

    planner: Planner
    options: PlanOptions
    conn: Connection
    snapshot: Snapshot
    scope: PartialScope
    memory: FolderMemory
    problems: list[Broken] = field(default_factory=list)
    out: set[ObjectName] = field(default_factory=set)
    late: dict[ObjectName, ObjectName] = field(default_factory=dict)
    pending: tuple[Migration, ...] = ()
    is_doubtful: bool = False

    def run(self, files: SourceFiles, facts: ServerFacts) -> PartialPlan:
        parsed, comparison, withheld = self._compared(files)
        self.pending = parsed.pending
        self._keep_deleted(comparison, files, withheld)
        left = outside_of(self.scope.focus, comparison) if self.scope.focus else ()
        self.out |= {difference.name for difference in left}
        if not self.scope.focus:
            self._keep_doubtful(comparison)
        self.memory.note(comparison)
        runs = self.scope.runs(parsed.pending)
        coming = () if runs else parsed.pending
        # migrations may be just what was missing
        remembered = () if runs and parsed.pending else still_deferred(self.scope.holds, comparison)
        holds = (*self.scope.firm, *remembered)
        self.out |= {hold.object for hold in holds}
        waiting = dict.fromkeys(of_migrations(comparison, coming))
        self.out |= waiting.keys()
        plan, refused = self._decided(comparison, facts)
        held = (*holds, *refused)
        waiting |= dict.fromkeys(h.object for h in held if needed_migration(h.object, comparison.resolved, coming))
        waiting |= dict.fromkeys(name for name, deferred in self.late.items() if deferred in waiting)
        self._tell(held, waiting, comparison)
        refused_before = self.scope.blocked.error if self.scope.blocked and self.scope.migrations and not runs else None
        return PartialPlan(
            plan, self.snapshot, comparison.resolved, files, holds, tuple(self.problems), parsed.pending,
            tuple(waiting),
            parsed.stuck or refused_before,
            declared_in(self.scope.focus, comparison), left,
        )  # fmt: skip

    # -- files ------------------------------------------------------------------------------------------

    def _compared(self, files: SourceFiles) -> tuple[ParsedFiles, Comparison, dict[str, str | None]]:
        """Compare all that can be read; return also the texts of files that count as broken (None: unreadable)."""
        texts = {file.path: file.text for file in files.code or ()}
        twice: set[str] = set()
        found: list[SourceError] = []
        while True:
            parsed = self.planner.parse(files, self.snapshot, without=twice)
            if isinstance(parsed.stuck, OtherProject):
                raise parsed.stuck
            parsed = self._without_unreadable(parsed)
            chosen = parsed if self.scope.runs(parsed.pending) else replace(parsed, pending=())
            try:
                comparison = self.planner.compared(self.conn, self.snapshot, files, chosen)
            except SourceErrors as errors:
                more = {p for e in errors.problems if isinstance(e, DuplicateObject) for p in e.paths} - twice
                if not more:
                    raise
                twice |= more
                found += errors.problems
                continue
            by_path: dict[str, list[SourceError]] = {}
            for problem in parsed.problems:
                by_path.setdefault(problem.where.path if problem.where else "", []).append(problem)
            for path, problems in by_path.items():
                self._broken(problems, (path,), comparison)
            if found:
                self._broken(found, tuple(sorted(twice)), comparison)
            return parsed, comparison, {path: texts.get(path) for path in (*by_path, *twice)}

    def _without_unreadable(self, parsed: ParsedFiles) -> ParsedFiles:
        """A migration that cannot even be read keeps those after it from running."""
        folder = self.planner.settings.migrations_dir
        if folder is None:
            return parsed
        prefix = _shown(folder, self.planner.settings.root)
        mine = tuple(p for p in parsed.problems if p.where and _is_directly_in(p.where.path, prefix))
        if not mine:
            return parsed
        others = tuple(p for p in parsed.problems if p not in mine)
        return replace(parsed, problems=others, pending=(), stuck=SourceErrors(mine))

    def _broken(self, problems: list[SourceError], paths: tuple[str, ...], comparison: Comparison) -> None:
        error: PgmgError = problems[0] if len(problems) == 1 else SourceErrors(tuple(problems))
        kept = (
            d.name for d in comparison.differences if d.declared is None and d.row and _is_in(d.row.path or "", paths)
        )
        self.problems.append(Broken(error, paths, tuple(kept)))

    # -- what is no longer declared -----------------------------------------------------------------------

    def _keep_deleted(self, comparison: Comparison, files: SourceFiles, withheld: dict[str, str | None]) -> None:
        """Keep what broken files declare, and what they may declare now: somebody may be moving it there."""
        if files.code is None or not withheld:
            return
        said = "\n".join(text for text in withheld.values() if text is not None).lower()
        anything = any(text is None for text in withheld.values())
        for difference in comparison.differences:
            name, row = difference.name, difference.row
            if difference.change is ChangeKind.DELETED:
                own = row is None or row.path is None or row.path in withheld
                if anything or own or (name.name or str(name.parent and name.parent.name)).lower() in said:
                    self.out.add(name)
            if name.kind in _ADDED_UP and (anything or _GRANTS.search(said)):
                self.out.add(name)  # several files may each have a part of it

    def _keep_doubtful(self, comparison: Comparison) -> None:
        """Keep what is not this folder's to drop or to overwrite (rule 3.7)."""
        deleted = [d for d in comparison.differences if d.change is ChangeKind.DELETED and d.name not in self.out]
        for strange in self.memory.never_declared(deleted):
            text = f"{listed([d.name for d in strange])}: recorded, but not in this folder since watching began."
            origins = dict.fromkeys(d.applied_from.described() for d in strange if d.applied_from is not None)
            text += f" Applied by {'; '.join(origins)}." if origins else ""
            hint = "Nothing was dropped. `pgmg plan` shows what `pgmg apply` would drop."
            self._keep(text, [d.name for d in strange], hint)
        overtaken = self.memory.overtaken(comparison)
        for d in overtaken:
            who = f" by {d.applied_from.described()}" if d.applied_from is not None else " by somebody else"
            deed = "dropped" if d.change is ChangeKind.NEW else "applied in another version"
            hint = "It is left alone. Save the file to apply it, or run `pgmg apply`."
            self._keep(f"{d.name} was {deed}{who} since this watcher applied it.", [d.name], hint)
        left = [d for d in comparison.differences if d.name not in self.out]
        for doubt in doubts(comparison.resolved, left):
            hint = f"Nothing was dropped. {doubt.consent.hint} If it is meant: `pgmg apply --yes`."
            self._keep(doubt.message, doubt.objects, hint)

    def _keep(self, text: str, names: Sequence[ObjectName], hint: str) -> None:
        self.is_doubtful = True
        error = RefusedChange(text, hint=hint, blame=tuple(names))
        self.problems.append(Broken(error, (), tuple(names)))
        self.out.update(names)

    # -- planning -----------------------------------------------------------------------------------------

    def _decided(self, comparison: Comparison, facts: ServerFacts) -> tuple[Plan, tuple[Deferral, ...]]:
        """Plan, leaving out whatever cannot be planned; that is found out anew each time."""
        refused: list[Deferral] = []
        while True:
            found = blocked_by_deferred(comparison, self.out)
            self.late |= found
            self.out |= found.keys()
            reduced = excluding(comparison, self.out)
            try:
                return self.planner.decide(self.conn, reduced, self.options, facts), tuple(refused)
            except PlanError as error:
                changed = [d.name for d in reduced.differences if d.change is not None]
                blame = [n for n in error.blame if n in changed] or changed
                if not blame:
                    raise
                refused += [Deferral(name, error, (name,)) for name in blame]
                self.out.update(blame)

    # -- what is told -------------------------------------------------------------------------------------

    def _tell(self, held: Iterable[Deferral], waiting: dict[ObjectName, None], comparison: Comparison) -> None:
        """Make one problem of each error, with the objects that wait for what it is about."""
        by_error: dict[int, tuple[PgmgError, list[ObjectName]]] = {}
        for hold in held:
            by_error.setdefault(id(hold.error), (hold.error, []))[1].append(hold.object)
        for name, deferred in self.late.items():
            while deferred in self.late:
                deferred = self.late[deferred]  # noqa: PLW2901 - down to what is held for a reason of its own
            for _, objects in by_error.values():
                if deferred in objects and name not in waiting:
                    objects.append(name)
        for error, objects in by_error.values():
            self.problems.append(Broken(error, paths_of(objects, comparison), tuple(objects)))


def _is_directly_in(path: str, folder: str) -> bool:
    return folder in (path, path.rpartition("/")[0])


def _is_in(path: str, files_or_folders: Sequence[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in files_or_folders)


def paths_of(names: Iterable[ObjectName], comparison: Comparison) -> tuple[str, ...]:
    """Return the files that declare objects, or did."""
    declared = comparison.resolved.declared
    rows = {d.name: d.row.path for d in comparison.differences if d.row is not None and d.row.path is not None}
    found = (declared[n].source.location.path if n in declared else rows.get(n) for n in names)
    return tuple(sorted({path for path in found if path is not None}))


def hold(name: ObjectName, error: PgmgError, failing: tuple[ObjectName, ...], resolved: ResolvedProject) -> Deferral:
    """Return a hold on an object that the server refused, or because of which it refused `failing`.

    What is to be dropped is tried again each time: what stands in its way is not in the files.
    """
    about = tuple(dict.fromkeys((name, *failing))) if name in resolved.declared else ()
    return Deferral(name, error, about, sources_of(about, resolved))


def _shown(folder: object, root: object) -> str:
    import os

    return os.path.relpath(str(folder), str(root)).replace(os.sep, "/")
