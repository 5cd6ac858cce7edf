"""The façade: a project folder and its database, from `open` over `plan` to `apply`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar

from pgmg.config import Settings, loader
from pgmg.connections import Connections
from pgmg.model.plans.plan import Change, Plan, PlanOptions
from pgmg.planner import Planner

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from pgmg.applier import Applier
    from pgmg.catalog.reading.column_lists import Attributes
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.catalog.wording.temporary_objects_reader import Scratch
    from pgmg.maintenance import Baseline
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.model.plans.resume import Resume
    from pgmg.model.results.applied_from import AppliedFrom
    from pgmg.model.results.events import ApplyResult, Listener
    from pgmg.model.results.graph_data import Graph
    from pgmg.model.results.query_result import QueryPlan, QueryResult
    from pgmg.model.results.record_changes import RecordChanges
    from pgmg.model.results.refreshed import Refreshed
    from pgmg.model.results.reset_report import ResetReport
    from pgmg.model.results.row_questions import Preview, RowDifference, RowOptions
    from pgmg.model.results.site_data import SiteData
    from pgmg.model.results.status_report import Status
    from pgmg.model.sources.source import SourceObject
    from pgmg.partial.file_planner import FilePlanner
    from pgmg.partial.partial_plan import PartialPlan
    from pgmg.planning.compare.resolved import Comparison
    from pgmg.row_reader import RowReader

_Answer = TypeVar("_Answer")


class Project:
    """A project folder with its settings; connects when it first needs to and closes with `close()` or `with`.

    Threads may share one: questions and plans are answered one after the other, applies run beside them on connections
    of their own. After a fork the child connects anew. From asyncio, call it through `asyncio.to_thread`.
    """

    def __init__(self, settings: Settings, again: Callable[[], Settings] | None = None) -> None:
        self.settings = settings
        self._again = again
        self.root = settings.root
        self._planner = Planner(settings, self.connect)
        self._connections = Connections(settings, self.connect)

    @classmethod
    def open(
        cls,
        path: str | Path = ".",
        *,
        config: Path | None = None,
        environment: str | None = None,
        **overrides: object,
    ) -> Project:
        """Open the project at `path`, or whose `pgmg.toml` is found upward from it.

        Raises:
            ConfigError: settings or folders are not usable.
        """
        read = loader(path, config, environment, overrides)
        return cls(read(), read)

    def reloaded_settings(self) -> Settings | None:
        """Return the settings as they are now; None where nobody knows how they were made.

        Raises:
            ConfigError: they are not usable.
        """
        return None if self._again is None else self._again()

    def with_settings(self, settings: Settings) -> Self:
        """Return another project with these settings, to be closed by itself."""
        return type(self)(settings, self._again)

    # -- connections ------------------------------------------------------------------------------------

    def connect(self) -> Connection:
        """Return a new connection to the project's database, in autocommit mode.

        Raises:
            ConnectionFailedError: the server cannot be reached or does not let us in.
            EmbeddedServerError: the embedded server cannot be started.
        """
        return self._connections.open()

    def _read(self, ask: Callable[[Connection], _Answer]) -> _Answer:
        return self._connections.read(ask, self._planner.search_path)

    @property
    def declared(self) -> Mapping[ObjectName, SourceObject]:
        """The sources of declared objects, as the last plan or status read them."""
        return self._planner.declared

    @property
    def server(self) -> str:
        """One line that names the server in use; no password."""
        return self._connections.server

    def close(self) -> None:
        """Close the connection; stop the embedded server if nobody else uses it."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _options(self, options: PlanOptions | None) -> PlanOptions:
        return PlanOptions(self.settings.recreate) if options is None else options

    def plan(self, options: PlanOptions | None = None) -> Plan:
        """Return what apply would do. Reads files and database, writes nothing (rule 10).

        Raises:
            SourceErrors: files that cannot be read, all of them together.
            PlanError: the change cannot be planned; `RefusedChange` where it would lose something.
            ConnectionFailedError: the database cannot be reached.
        """
        from pgmg.plan_reader import read_plan

        chosen = self._options(options)
        return self._read(lambda conn: read_plan(conn, *self._planner.plan(conn, chosen), self.settings))

    def with_bodies(self, plan: Plan) -> Plan:
        """Return the project's last plan with a check of the bodies that it affects, and its warnings (rule 9.11)."""
        if not plan.steps:
            return plan
        from pgmg.checking import with_bodies

        return with_bodies(plan, self._planner, self._connections)

    def with_readers(self, plan: Plan) -> Plan:
        """Return a plan with the statements of clients that use what it changes (rule 9.12)."""
        if not plan.steps:
            return plan
        from pgmg.client_reader import with_readers

        return with_readers(plan, self.connect, self.settings.lock_timeout)

    def apply(
        self,
        plan: Plan | None = None,
        *,
        options: PlanOptions | None = None,
        listener: Listener | None = None,
        yes: bool = False,
        resume: Resume | str | None = None,
        note: str | None = None,
    ) -> ApplyResult:
        """Carry out `plan`, or plan and carry out at once.

        `yes` consents to deletions of most of what is recorded, of what an empty folder declared and of what another
        checkout applied last, and to changes of what another project applied (rule 3.7). `resume` (`done`, `again`)
        says how to go on with a migration outside a transaction whose outcome is not known (rule 9.2). `note` is for
        the history.

        Raises:
            UnknownOutcomeError: there is one, and `resume` is not given.
            StalePlanError: `plan` was made from something that has changed since (rule 9.4).
            RefusedChange: it would lose something, or needs consent.
            LockedError: a lock was not had in time.
            ApplyError: the server refused a step; nothing has changed, unless the message says otherwise.
        """
        chosen = plan.options if plan is not None else self._options(options)
        applier = self._applier(listener, yes=yes)
        return applier.run(lambda conn, facts: self._planner.plan(conn, chosen, facts), plan, resume, note)

    def check(self, names: Sequence[str] = ()) -> BodyCheck:
        """Check the queries of all declared bodies, or of those named, against the state after a plan."""
        from pgmg.checking import check_bodies

        self._read(self._compared)  # an empty plan reads no sources
        return check_bodies(self.plan(), self._planner, self.connect, names)

    def _applier(self, listener: Listener | None, *, yes: bool) -> Applier:
        from pgmg.applier import Applier

        path = self._planner.search_path
        return Applier(self.settings, self._connections, self.connect, search_path=path, listener=listener, yes=yes)

    def plan_files(self, paths: Collection[str], options: PlanOptions | None = None) -> PartialPlan:
        """Return what apply would do about what some files declare, with what that needs.

        `paths` are relative to the project. Pending migrations, broken files and changes elsewhere are left out.

        Raises:
            PgmgError: what the files declare cannot be planned.
        """
        planner = self._files_planner(paths, options)
        return self._read(lambda conn: planner.with_risks(conn, self.settings.allow))

    def apply_files(
        self, paths: Collection[str], plan: Plan, *, listener: Listener | None = None, yes: bool = False
    ) -> ApplyResult:
        """Carry out a plan of some files.

        Raises:
            StalePlanError, RefusedChange, LockedError, ApplyError: as `apply` does.
        """
        return self._applier(listener, yes=yes).run(self._files_planner(paths, plan.options).for_apply, plan)

    def _files_planner(self, paths: Collection[str], options: PlanOptions | None) -> FilePlanner:
        from pgmg.partial.file_planner import FilePlanner

        return FilePlanner(self._planner, self._options(options), paths)

    # -- looking ----------------------------------------------------------------------------------------
    def _compared(self, conn: Connection, *, only_looks: bool = False) -> Comparison:
        from pgmg.catalog.reading.snapshot_reader import read_snapshot

        files = self._planner.files()
        snapshot = read_snapshot(conn, self.settings.state_schema)
        return self._planner.comparison(conn, snapshot, files, only_looks=only_looks)

    def status(self) -> Status:
        """Return one screen: connection, migrations, objects by kind, changes, warnings."""
        from pgmg.catalog.state.state_tables import read_last_apply
        from pgmg.planning.compare.report import status

        def ask(conn: Connection) -> tuple[Comparison, AppliedFrom | None]:
            comparison = self._compared(conn, only_looks=True)
            return comparison, read_last_apply(conn, comparison.resolved.snapshot.server, self.settings.state_schema)

        comparison, last_apply = self._read(ask)
        return replace(status(comparison, self.server, self.settings.ignore), last_apply=last_apply)

    def diff(self, names: Sequence[str] = ()) -> tuple[Change, ...]:
        """Return the changes with the SQL before and after; `UnknownObjectError` for a name that nothing bears."""
        from pgmg.planning.compare.report import changes

        return changes(self._read(self._compared), names)

    def diff_rows(self, names: Sequence[str] = (), options: RowOptions | None = None) -> tuple[RowDifference, ...]:
        """Return what pending changes do to the rows of views: of the named ones, else of all that change.

        Both queries run in one read-only transaction, with pending definitions of the views that they read inlined.
        Where that is not enough (functions that change, rights of owners), pending objects are created as temporary
        ones in a transaction that is rolled back. Of several views, one whose query fails keeps nothing from being said
        of the others.

        Raises:
            UnknownObjectError: a name that nothing bears.
            UsageError: what is named has no rows.
            RowsError: the query of the one view in question fails, takes too long, or has no such key.
        """
        reader = self._rows(options)
        asked = self._read(lambda conn: reader.ask(conn, names))
        return asked.differences if asked.is_complete else self._scratch(lambda within: reader.complete(within, asked))

    def preview(self, name: ObjectName, limit: int, options: RowOptions | None = None) -> Preview | None:
        """Return the first `limit` rows that a declared view has once it is applied; None for what has no rows.

        Raises:
            RowsError: the query fails, takes too long, or cannot be asked before apply.
        """
        from pgmg.catalog.rows.row_routes import Route

        reader = self._rows(options)
        found = self._read(lambda conn: reader.preview(conn, name, limit))
        if isinstance(found, Route):
            route = found
            return self._scratch(lambda within: reader.preview_within(within, route, limit))
        return found

    def _rows(self, options: RowOptions | None) -> RowReader:
        from pgmg.model.results.row_questions import RowOptions
        from pgmg.row_reader import RowReader

        chosen, timeout = options or RowOptions(), self.settings.statement_timeout
        chosen = chosen if timeout is None else replace(chosen, timeout=timeout)
        return RowReader(self._planner, chosen, self._options(None))

    def _scratch(self, ask: Callable[[Scratch], _Answer]) -> _Answer:
        return self._connections.scratch(ask, self._planner.search_path)

    def attributes_in(self, path: str) -> dict[ObjectName, Attributes | None]:
        """Return what a file of the project declares, with columns and types as the database has them, or None."""
        return self._read(self._files_planner([path], None).attributes)

    def graph(
        self,
        names: Sequence[str] = (),
        *,
        upstream: int | None = None,
        downstream: int | None = None,
        changes_only: bool = False,
    ) -> Graph:
        """Return the dependency graph of the project and what the database adds to it.

        With `names`, their neighbourhood: `upstream` steps towards what they use, `downstream` towards their users
        (None: without limit, but 0 for the one where only the other is given). A name may also be that of a column,
        `view.user_stats.score`: then the graph is one of columns, through all views in between.

        Raises:
            UnknownObjectError: a name that nothing bears.
            UsageError: `changes_only` of columns, or an object beside columns that has none.
        """
        from pgmg.graph_reader import read_graph

        def ask(conn: Connection) -> Callable[[], Graph]:
            return read_graph(conn, self._compared(conn), names, upstream, downstream, changes_only=changes_only)

        return self._read(ask)()  # queries are read when the transaction is over

    def site(self) -> SiteData:
        """Return the contents of the documentation site, which `pgmg docs` writes."""
        from pgmg.site_reader import read_site

        return self._read(lambda conn: read_site(conn, self._compared(conn), self.root.name))()

    def query(
        self, text: str, variables: Mapping[str, object] | None = None, *, limit: int | None = None
    ) -> QueryResult:
        """Return the rows of a query, at most `limit` (None: all), in a read-only transaction.

        `{{name}}` in it is bound as a parameter to the value of that name in `variables`; within double quotes it is
        an identifier.

        Raises:
            UsageError: a name is not among the variables.
            RowsError: the server refuses the query.
        """
        from pgmg.catalog.rows.query_reader import run_query
        from pgmg.source.query_parameters import bind

        bound, settings = bind(text, variables or {}), self.settings
        with self.connect() as conn:
            return run_query(conn, bound, limit, settings.statement_timeout or "0", self._planner.search_path)

    def explain(self, text: str, variables: Mapping[str, object] | None = None, *, analyze: bool = False) -> QueryPlan:
        """Return the server's plan for a query; with `analyze` it is executed, in a read-only transaction.

        Raises:
            UsageError, RowsError: as `query`.
        """
        from pgmg.catalog.rows.query_reader import explain_query
        from pgmg.source.query_parameters import bind

        bound, timeout = bind(text, variables or {}), self.settings.statement_timeout or "0"
        with self.connect() as conn:
            return explain_query(conn, bound, timeout, self._planner.search_path, analyze=analyze)

    # -- state ------------------------------------------------------------------------------------------

    def pending(self, upto: str | None = None) -> tuple[str, ...]:
        """Return the migrations that `baseline` would record, in order."""
        return self._read(lambda conn: self._baseline().pending(conn, upto))

    def baseline(self, upto: str | None = None) -> tuple[str, ...]:
        """Record pending migrations (up to and with `upto`) as applied without running them; return their names."""
        return self._baseline().record(upto)

    def change_records(self, changes: RecordChanges, *, dry_run: bool = False) -> RecordChanges:
        """Correct single records of migrations; return what was left to do, or with `dry_run` would be.

        Raises:
            UnknownObjectError: no file, or no record, of a name.
            RefusedChange: the records would not say what happened; the hint names the command that is meant.
        """
        if dry_run:
            return self._read(lambda conn: self._baseline().checked(conn, changes))
        return self._baseline().change(changes)

    def refresh(self, names: Sequence[str] = (), *, concurrently: bool = False) -> tuple[Refreshed, ...]:
        """Refresh all materialized views or those named, each after those that it reads; see `maintenance.refresh`.

        Raises:
            UnknownObjectError: a name that no materialized view has.
        """
        from pgmg.maintenance import Refresh

        refresh = Refresh(self.settings, self._planner, self.connect)
        return refresh.run(self._read(lambda conn: refresh.chosen(conn, names)), concurrently=concurrently)

    def reset(self, *, everything: bool = False, including: Sequence[str] = (), dry_run: bool = False) -> ResetReport:
        """Drop every managed object and forget all state; with `everything`, empty the user schemas.

        Other projects in the database are left alone, unless `including` names their state schemas; so is what the
        setting `ignore` covers. Returns the statements that were run, or with `dry_run` would be.

        Raises:
            RefusedChange: what would be dropped is another project's as well, or something depends on it.
            UsageError: an included schema holds no state.
        """
        from pgmg.maintenance import Reset

        planner = Planner(self.settings)
        reset = Reset(self.settings, planner, self.connect, everything=everything, including=tuple(including))
        return self._read(reset.plan) if dry_run else reset.run()

    def _baseline(self) -> Baseline:
        from pgmg.maintenance import Baseline

        return Baseline(self.settings, Planner(self.settings), self.connect)
