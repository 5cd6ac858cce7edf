"""The magics: each parses its line, calls the project, and displays and returns the result."""

from __future__ import annotations

import keyword
import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from IPython.core.magic import no_var_expand

from pgmg import options as o
from pgmg.errors import PgmgError, UsageError
from pgmg.library_imports import DATABASE, DISPLAY, PLANNING, import_whole
from pgmg.model.plans.plan import PlanOptions
from pgmg.notebook.formatters import Formatters
from pgmg.notebook.front_end import FrontEnd
from pgmg.notebook.magic_commands.arguments import Parameters, drawing_for, options_and_text, parse, parser_of, words_of
from pgmg.notebook.magic_commands.history_magic import HistoryMagic
from pgmg.notebook.magic_commands.import_magic import ImportMagic
from pgmg.notebook.magic_commands.magic_completion import Completion
from pgmg.notebook.magic_commands.magic_table import PARAMETERS
from pgmg.notebook.magic_commands.starting_magics import StartingMagics
from pgmg.notebook.magic_commands.watch_magic import ACTIONS, WatchMagic
from pgmg.notebook.notebook_session import Choice, LiveProject, NotebookSession
from pgmg.notebook.site_links import SiteLinks
from pgmg.notebook.style_output import StyleOutput
from pgmg.notebook.tracebacks import Failures
from pgmg.rehearsed_plan import planned
from pgmg.saved_plans import plan_again, save_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from pgmg.config import Settings
    from pgmg.model.plans.plan import Change, Plan
    from pgmg.model.results.cell_result import CellResult
    from pgmg.model.results.events import ApplyResult
    from pgmg.model.results.graph_data import Graph
    from pgmg.model.results.query_result import QueryPlan, QueryResult
    from pgmg.model.results.refreshed import Refreshed
    from pgmg.model.results.row_questions import RowDifference
    from pgmg.model.results.status_report import Status
    from pgmg.notebook.live.watchers import Watch

Values = dict[str, Any]

ROWS_READ = 1000
"""Rows that `%pgmg_query` reads by default."""

_SHAPES = tuple(option.name for option in o.PLAN_SHAPE if option is not o.ALLOW)
"""The options that a saved plan was made with; consent is asked of whoever applies the plan."""


class MagicShape(Enum):
    """IPython's name for a form of magics."""

    LINE = "line"
    CELL = "cell"
    BOTH = "line_cell"


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic: name and function."""

    name: str
    body: Callable[[Values], object]
    shape: MagicShape = MagicShape.LINE
    """Cell magics get the cell's text as the value `cell`, None if they are used as line magics."""
    takes_text: bool = False
    """The text after the options is passed as it is, as the value `text`; IPython expands no `{name}` or `$name`."""

    @property
    def declared(self) -> Parameters:
        """The parameters."""
        return PARAMETERS[self.name]


class PgmgMagics:
    """The magics of one shell, and all state of the extension."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self.session = NotebookSession()
        self._sites = SiteLinks(self.session)
        self._failures = Failures(shell, self._connection_string)
        self._style = StyleOutput(shell)
        self._formatters = Formatters(shell, self._base, self._style.ensure, self._sites.folder)
        self._front = FrontEnd(shell, self._formatters, self._failures, self._base)
        self._watch = WatchMagic(self._front, self._failures.secrets)
        starting = StartingMagics(self._project, self.session.settings, self._front.lines)
        self.magics = (
            Magic("pgmg_init", starting.init),
            Magic("pgmg_new", starting.new),
            Magic("pgmg_check", starting.check),
            Magic("pgmg_baseline", starting.baseline),
            Magic("pgmg_connect", self.connect),
            Magic("pgmg_plan", self.plan),
            Magic("pgmg_apply", self.apply),
            Magic("pgmg_status", self.status),
            Magic("pgmg_diff", self.diff),
            Magic("pgmg_sql", self.sql, MagicShape.CELL),
            Magic("pgmg_query", self.query, MagicShape.BOTH, takes_text=True),
            Magic("pgmg_watch", self.watch),
            Magic("pgmg_refresh", self.refresh),
            Magic("pgmg_import", ImportMagic(self._project, self._front.show).run),
            Magic("pgmg_history", HistoryMagic(self._project, self._front.show).run),
            Magic("pgmg_docs", self.docs),
            Magic("pgmg_graph", self.graph),
        )
        self._completion = Completion(shell, self.session, PARAMETERS)

    def register(self) -> None:
        """Register magics, displays, errors and completion with the shell."""
        for magic in self.magics:
            manager: Any = self._shell.magics_manager
            manager.register_function(_magic(magic, self._begin), magic.shape.value, magic.name)
        self._failures.register()
        self._formatters.register()
        self._completion.register()
        self._style.register()
        self._watch.open()

    def unregister(self) -> None:
        """Unregister everything."""
        for magic in self.magics:
            for registered in self._shell.magics_manager.magics.values():
                registered.pop(magic.name, None)
        self._failures.unregister()
        self._formatters.unregister()
        self._completion.unregister()
        self._style.unregister()
        self._watch.close()
        self.session.close()

    # -- the magics -------------------------------------------------------------------------------------

    def connect(self, values: Values) -> LiveProject:
        """Choose project and server for this notebook.

        CONNECTION is a URI, key=value pairs or embedded:; any other word names one of the [environments] of pgmg.toml.
        Without an argument, pgmg.toml and the PGMG_* and PG* variables decide; with --jupysql, JupySQL's connection.
        Passwords are never shown.
        """
        given = values.pop("connection")
        if values.pop("jupysql"):
            from pgmg.notebook.magic_commands.jupysql import connection_string

            if given is not None:
                raise UsageError("Two connections are named", hint=f"Leave out {given!r} or --jupysql.")
            given = connection_string()
        if given is not None and _is_connection(given):
            values["connection_string"] = given
        elif given is not None:
            if values["environment"] not in (None, given):
                raise UsageError("Two environments are named", hint="Name one.")
            values["environment"] = given
        before, self.session.choice = self.session.choice, Choice().with_overrides(values)
        try:
            project = self.session.project({})
            project.connect().close()
        except PgmgError:
            self.session.choice = before  # keep the previous connection
            raise
        self.session.announce(project, again=True)
        self._watch.tell_others(project.settings)
        self._formatters.suppress_repeat(project)
        return project

    def plan(self, values: Values) -> Plan:
        """Show the plan, with a button to apply exactly this plan.

        Nothing is written to the database before the button is clicked.
        """
        project = self._project(values)
        drawing = drawing_for(values["output_graph"])
        options = _plan_options(project, values)
        plan = planned(project, options, values)
        if values["output_graph"] is not None:
            values["output_graph"].write_bytes(drawing(project.graph()))
        if values["out"] is not None:
            save_plan(plan, values["out"])
        self._front.plan(project, plan)
        return plan

    def apply(self, values: Values) -> ApplyResult | Plan:
        """Bring the database to what the project says, at once; --ask shows the plan with its buttons first.

        A saved PLAN.json is compared with a new plan and refused if anything has changed since.
        """
        project = self._project(values)
        options = _plan_options(project, values)
        plan = None
        if values["plan_file"] is not None:
            plan = plan_again(project, values["plan_file"], {name: values.get(name) for name in _SHAPES})
        if values["ask"] or values["dry_run"]:
            shown = project.plan(options) if plan is None else plan
            self._front.plan(project, shown, asks=values["ask"] and not values["dry_run"])
            return shown
        with self._front.progress(project) as listener:
            given = {name: values[name] for name in ("yes", "resume", "note")}
            return project.apply(plan, options=options, listener=listener, **given)

    def status(self, values: Values) -> Status:
        """Show project and database on one screen: connection, migrations, objects, changes, drift, warnings."""
        status = self._project(values).status()
        self._front.show(status)
        return status

    def diff(self, values: Values) -> tuple[Change, ...] | tuple[RowDifference, ...]:
        """Show the SQL differences between the applied state and the files; for drifted objects, database and files.

        With --rows, compare the rows of views as they are and as apply will leave them. Only reads; pending functions
        and types, and rights of owners, are had as temporary objects in a transaction that is rolled back.
        """
        chosen = o.row_options(values, asked=values["rows"])
        project = self._project(values)
        if values["rows"]:
            found = project.diff_rows(values["objects"], chosen)
            self._front.rows(found)
            return found
        changes = project.diff(values["objects"])
        self._front.changes(changes)
        return changes

    def graph(self, values: Values) -> Graph:
        """Draw the dependency graph of all objects, or around the given ones.

        OBJECT.COLUMN (or OBJECT.*) draws columns: those from which the column is computed, those that use it, through
        views, and those that filter its rows. Function bodies are not analysed, only the arguments of calls.
        """
        drawing = drawing_for(values["output"])
        names = values["objects"]
        graph = self._project(values).graph(
            names,
            upstream=values["upstream"],
            downstream=values["downstream"],
            changes_only=values["changes_only"],
        )
        if values["output"] is not None:
            values["output"].write_bytes(drawing(graph))
        self._front.show(graph)
        return graph

    def refresh(self, values: Values) -> tuple[Refreshed, ...]:
        """Refresh materialized views, all or the given ones, each after those that it reads.

        With --concurrently readers are not kept out of those that are populated and have a unique index.
        """
        done = self._project(values).refresh(values["objects"], concurrently=values["concurrently"])
        self._front.refreshed(done)
        return done

    def docs(self, values: Values) -> Path:
        """Write a site that documents every object, and show a link to it.

        Columns with types, comments and lineage, keys as diagrams, privileges, source, dependencies and users, search.
        FOLDER (default: database-docs) holds two pages that need neither a network nor a server.
        """
        project = self._project(values)
        site = project.site()
        page = self._sites.write(project, site, values["folder"])
        self._front.site(page, len(site.graph.nodes))
        return page

    def sql(self, values: Values) -> CellResult:
        """Write the cell to a file of the code folder, apply it, and show what changed.

        PATH is relative to the code folder; by default the file that already declares the cell's object, else a new
        one. A cell that does not parse writes nothing; if the server refuses it, the file is restored. The file is
        applied with what it needs; other files and pending migrations are left alone. If it needs a pending migration,
        or would delete an object, the plan is shown with its buttons and not applied.
        """
        from pgmg.notebook.magic_commands.sql_cell import cell_options, run

        project = self._project(values)
        return run(self._front, project, values["cell"], cell_options(values, _plan_options(project, values)))

    def query(self, values: Values) -> QueryResult | QueryPlan:
        """Show the rows of a query as a table, or the server's plan for it. The transaction is read-only.

        Options come before the query, which is the rest of the line or the cell. {{name}} in it is bound to the value
        of the Python variable; "{{name}}" in double quotes is an identifier. Values are never pasted as SQL.
        """
        to = values["to"]
        if to is not None and (not to.isidentifier() or keyword.iskeyword(to)):
            raise UsageError(f"{to!r} is not a name for a variable", hint="--to rows")
        text = "\n".join(part for part in (values["text"], values["cell"]) if part)
        variables = self._shell.user_ns
        project = self._project(values)
        if values["explain"] or values["analyze"]:
            if to is not None or values["limit"] is not None:
                raise UsageError("A plan has no rows", hint="Leave out --to and --limit.")
            plan = project.explain(text, variables, analyze=values["analyze"])
            self._front.show(plan)
            return plan
        limit = values["limit"] if values["limit"] is not None else 0 if to is not None else ROWS_READ
        result = project.query(text, variables, limit=limit or None)
        if to is not None:
            variables[to] = result.to_frame()
        self._front.show(result)
        return result

    def watch(self, values: Values) -> Watch | None:
        """Apply declared objects when their files change, in the background.

        A live panel shows the state. Pending migrations are shown with a button and not applied, unless --migrations.
        The watcher ends with %pgmg_watch stop, %unload_ext pgmg, or the kernel. It goes on when another project is
        used or the working folder changes: stop and status then reach it as well.
        """
        match values["action"] or "start":
            case "start":
                project = self._project(values)
                found: Watch | None = self._watch.start(project, values)
            case "stop":
                found = self._watch.stop(self._settings(values))
            case "status":
                found = self._watch.status(self._settings(values))
            case other:
                raise UsageError(f"%pgmg_watch {other}: unknown action", hint=f"One of {', '.join(ACTIONS)}.")
        if found is not None:
            self._formatters.suppress_repeat(found)
        return found

    # -- helpers ----------------------------------------------------------------------------------------

    def _project(self, values: Values) -> LiveProject:
        """Open the project of a call; print project and server if they are not those of the call before."""
        project = self.session.project(values)
        if self.session.announce(project):
            self._watch.tell_others(project.settings)
        return project

    def _settings(self, values: Values) -> Settings | None:
        """Return the settings of a call; None where there are none, as in a folder that is no project."""
        try:
            return self.session.settings(values)
        except PgmgError:
            return None

    def _begin(self) -> None:
        """Prepare the output of a magic, and tell what has happened since the last one."""
        import_whole(*DATABASE, *PLANNING, *DISPLAY)
        self._style.ensure()
        self._watch.tell_ended()

    def _connection_string(self) -> str | None:
        current = self.session.current
        return None if current is None else current.settings.connection_string

    def _base(self) -> str | None:
        """Return the project's folder relative to the notebook's."""
        current = self.session.current
        return None if current is None else os.path.relpath(current.root).replace(os.sep, "/")


def _magic(magic: Magic, begin: Callable[[], None]) -> Callable[..., object]:
    """Return the function that IPython calls; `begin` is called before each execution."""
    text = (magic.body.__doc__ or "").replace("\n        ", "\n")
    parser = parser_of(magic.name, text, magic.declared)

    def run(line: str, cell: str | None = None) -> object:
        text = ""
        if magic.takes_text:
            line, text = options_and_text(magic.declared, line, magic.name)
        if {"--help", "-h"} & set(words_of(line, magic.name)):
            print(parser.format_help())  # noqa: T201 - a notebook's output
            return None
        begin()
        try:
            return magic.body(parse(parser, line) | {"cell": cell, "text": text})
        except KeyboardInterrupt as interrupt:
            raise interrupt.with_traceback(None) from None  # its notes say what became of an apply, pgmg's code nothing

    if magic.takes_text:
        no_var_expand(run)
    run.__name__ = run.__qualname__ = magic.name
    run.__doc__ = parser.format_help()
    return run


def _is_connection(text: str) -> bool:
    return "://" in text or "=" in text or text.startswith("embedded:")


def _plan_options(project: LiveProject, values: Values) -> PlanOptions:
    return PlanOptions(
        project.settings.recreate,
        drop_unmanaged=values["drop_unmanaged"],
        rewrite_tables=values["rewrite_tables"] or project.settings.allows_rewrites,
    )
