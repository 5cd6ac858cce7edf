"""All options, declared once as data, from which commands and magics are built."""

from __future__ import annotations

import csv
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from pgmg.errors import UsageError
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.plan import Recreate
from pgmg.model.plans.resume import Resume

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.results.import_report import ImportOptions
    from pgmg.model.results.row_questions import RowOptions


class Value(Enum):
    """The kind of an option's value."""

    FLAG = "nothing"
    COUNT = "nothing, but it may be repeated"
    TEXT = "a text"
    NUMBER = "a whole number, 0 or more"
    CHOICE = "one of some words"
    FILE = "a path of a file"
    FOLDER = "a path of a folder"


class Names(Enum):
    """The kind of name that a word stands for, for completion."""

    OBJECT = "an object"
    MIGRATION = "a migration's file"
    ENVIRONMENT = "an environment of the settings file"
    CONNECTION = "an environment, or embedded:"
    CODE_FILE = "a file of the code folder"


@dataclass(frozen=True, slots=True)
class Option:
    """An option. `flags` are its spellings, the long one first; `off` is the flag with the opposite meaning.

    `words` is how many words follow it. A `repeated` one may be given several times: its value is a tuple. `usual` is
    shown as the default if the default comes from the settings. `names` is what its value names, for completion.
    """

    flags: tuple[str, ...]
    help: str
    value: Value = Value.TEXT
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: str | bool | None = None
    off: str | None = None
    words: int = 1
    repeated: bool = False
    usual: str | None = None
    names: Names | None = None

    @property
    def shown_default(self) -> str | None:
        """The default as help shows it; None if there is none to show."""
        if self.usual is not None or self.value in (Value.FLAG, Value.COUNT):
            return self.usual
        return None if self.default is None else str(self.default)

    @property
    def name(self) -> str:
        """The name as a Python parameter: `--drop-unmanaged` is `drop_unmanaged`."""
        return self.flags[0].lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True)
class CommandArgument:
    """A positional argument. `many` takes all remaining words; `value` is its kind, `names` what it names."""

    name: str
    metavar: str
    required: bool = False
    many: bool = False
    value: Value = Value.TEXT
    names: Names | None = None

    @property
    def shown(self) -> str:
        """The argument as usage lines show it: `[OBJECT…]`."""
        words = self.metavar.strip("[]") + ("…" if self.many else "")
        return words if self.required else f"[{words}]"


MIGRATIONS_DIR = Option(("--migrations-dir",), "Folder of the migrations.", Value.FOLDER, "FOLDER", usual="migrations")
CODE_DIR = Option(("--code-dir",), "Folder of the declared objects.", Value.FOLDER, "FOLDER", usual="sql")
CONNECTION_STRING = Option(("--connection-string",), "Server and database: a URI, key=value pairs, or embedded:.")
CONFIG = Option(("--config",), "Settings file, instead of the nearest pgmg.toml.", Value.FILE, "FILE")
ENVIRONMENT = Option(
    ("--environment",), "Use [environments.NAME] of the settings file.", metavar="NAME", names=Names.ENVIRONMENT
)
FORMAT = Option(("--format",), "Output format.", Value.CHOICE, choices=("text", "json"), default="text")
PLAN_FORMAT = replace(FORMAT, choices=("text", "json", "markdown", "html"))
VERBOSE = Option(("--verbose", "-v"), "More detail; -vv also shows tracebacks.", Value.COUNT)
QUIET = Option(("--quiet", "-q"), "Print only the result and errors.", Value.COUNT)
NO_COLOR = Option(("--no-color",), "No colours, like the variable NO_COLOR.", Value.FLAG)

RECREATE = Option(
    ("--recreate",),
    "Around a migration, recreate all dependent views, or only those that block a statement.",
    Value.CHOICE,
    choices=tuple(mode.value for mode in Recreate),
    usual=Recreate.DEPENDENTS.value,
)
DROP_UNMANAGED = Option(("--drop-unmanaged",), "Drop unmanaged dependents that cannot be restored.", Value.FLAG)
REWRITE_TABLES = Option(("--rewrite-tables",), "Allow type changes that rewrite tables.", Value.FLAG)

ALLOW = Option(
    ("--allow",),
    "Risks that may be taken, all others are refused: rewrite, data-loss, exclusive-lock>SIZE, contract:OBJECT.",
    metavar="KIND[,KIND]",
    usual="everything",
)

OUT = Option(("--out",), "Also save the plan, for `pgmg apply FILE`.", Value.FILE, "FILE")
EXIT_CODE = Option(("--exit-code",), "Exit with 3 when something is pending.", Value.FLAG)
FAIL_ON = Option(
    ("--fail-on",), "Exit with 1 if the plan is that bad for clients.", Value.CHOICE, choices=("breaking", "transient")
)
OUTPUT_GRAPH = Option(("--output-graph",), "Also draw the graph: .svg .png .html .dot .mmd", Value.FILE, "FILE")

DRY_RUN = Option(("--dry-run",), "Show what would be done, change nothing.", Value.FLAG)
YES = Option(("--yes",), "Do not ask, and agree to what the plan needs consent for.", Value.FLAG)
RESUME = Option(
    ("--resume",),
    "Go on with an interrupted migration after the statement in doubt (done), or with it (again).",
    Value.CHOICE,
    choices=tuple(how.value for how in Resume),
)
NOTE = Option(("--note",), "Why this is applied, for `pgmg history`.", metavar="TEXT")
TO_ENTRY = Option(("--to",), "Time (2026-11-29 14:00) or number of an entry of the history.", metavar="TIME|N")
LOCK_TIMEOUT = Option(
    ("--lock-timeout",), "Longest wait of a group of steps for its locks.", metavar="DURATION", usual="500ms"
)
LOCK_ATTEMPTS = Option(("--lock-attempts",), "How often to try to get all locks.", Value.NUMBER, "N", usual="6")
STATEMENT_TIMEOUT = Option(
    ("--statement-timeout",), "Longest run time of a statement.", metavar="DURATION", usual="no limit"
)

DEBOUNCE = Option(
    ("--debounce",), "Milliseconds without a change before files are applied.", Value.NUMBER, "MS", default="50"
)
MIGRATIONS = Option(("--migrations",), "Also apply pending migrations.", Value.FLAG)

SCRATCH = Option(
    ("--scratch",),
    "Server and database beside which the copy is created and dropped; the role may create databases.",
    metavar="URL",
    usual="the embedded server",
)

SAMPLED_ROWS = Option(
    ("--rows",),
    "Copy up to N rows of each table, and the rows they refer to.",
    Value.NUMBER,
    "N",
    usual="none",
)
REHEARSE = Option(("--rehearse",), "Carry the plan out on a copy of the database, and show what was seen.", Value.FLAG)
REHEARSAL = (REHEARSE, SCRATCH)
"""Options of rehearsed plans."""

READERS = Option(("--readers",), "Also show the statements of clients that use what changes.", Value.FLAG)

UPSTREAM = Option(("--upstream",), "Show dependencies up to N steps away.", Value.NUMBER, "N")
DOWNSTREAM = Option(("--downstream",), "Show dependents up to N steps away.", Value.NUMBER, "N")
CHANGES_ONLY = Option(("--changes-only",), "Show only changed objects and their neighbours.", Value.FLAG)
OUTPUT = Option(("--output",), "Write a file instead: .svg .png .html .dot .mmd", Value.FILE, "FILE")

ONLY = Option(
    ("--only",),
    "Record this migration alone as applied.",
    metavar="NAME",
    repeated=True,
    names=Names.MIGRATION,
)
RENAME = Option(
    ("--rename",),
    "Move a record to the new name of its file.",
    metavar="OLD NEW",
    words=2,
    repeated=True,
    names=Names.MIGRATION,
)
FORGET = Option(("--forget",), "Retire the record of a migration whose file is gone.", metavar="NAME", repeated=True)
ACCEPT_EDIT = Option(
    ("--accept-edit",),
    "Record the file's current text as the applied one.",
    metavar="NAME",
    repeated=True,
    names=Names.MIGRATION,
)
RECORD_CHANGES = (ONLY, RENAME, FORGET, ACCEPT_EDIT)
"""Corrections of single records."""

SCHEMA = Option(("--schema",), "Import only objects in this schema.", metavar="NAME", repeated=True)
KIND = Option(("--kind",), "Import only this kind: view, function, …", metavar="KIND", repeated=True)
INCLUDE = Option(("--include",), "Import only matches: app.*, view.*, owner:etl.", metavar="PATTERN", repeated=True)
EXCLUDE = Option(("--exclude",), "Leave matches out; patterns as for --include.", metavar="PATTERN", repeated=True)
LAYOUT = Option(
    ("--layout",),
    "Folders of the files: app/views/v.sql, views/app.v.sql or view.app.v.sql.",
    Value.CHOICE,
    choices=("schema", "kind", "flat"),
    default="schema",
)
BASELINE = Option(
    ("--baseline",), "Also write a first migration for tables and all else that code files cannot declare.", Value.FLAG
)
FORCE = Option(("--force",), "Replace existing files.", Value.FLAG)
ADOPT = Option(("--adopt",), "Write no file: record declared objects that the database has as applied.", Value.FLAG)
FROM_RUST = Option(
    ("--from-rust",), "Write no file: take over the records of the original pgmg, written in Rust.", Value.FLAG
)
FROM_ALEMBIC = Option(
    ("--from-alembic",),
    "Write the entities of alembic_utils in this Python module to files.",
    metavar="MODULE",
    repeated=True,
)
NO_VERIFY = Option(("--no-verify",), "Do not apply the result to an empty database for proof.", Value.FLAG)
IMPORT = (
    SCHEMA,
    KIND,
    INCLUDE,
    EXCLUDE,
    LAYOUT,
    BASELINE,
    FORCE,
    ADOPT,
    FROM_RUST,
    FROM_ALEMBIC,
    DRY_RUN,
    NO_VERIFY,
    SCRATCH,
)
"""Options of `import`."""

INCLUDING = Option(
    ("--including",), "Also reset the other project whose state is in this schema.", metavar="SCHEMA", repeated=True
)
CONCURRENTLY = Option(
    ("--concurrently",), "Keep readers out of as few views as possible; slower, and needs unique indexes.", Value.FLAG
)
ALL = Option(("--all",), "Also empty the database's user schemas, tables and data included.", Value.FLAG)
NO_CHANGE = Option(
    ("--keep",), "Keep the folder afterwards, or remove it.", Value.FLAG, default=True, off="--no-keep", usual="keep"
)
PAUSE = Option(("--pause",), "Wait for Enter after each part.", Value.FLAG)

ROWS = Option(("--rows",), "Compare the rows of views before and after the change, instead of the SQL.", Value.FLAG)
KEY = Option(("--key",), "Columns that identify a row, instead of the detected key.", metavar="COLUMN[,COLUMN]")
LIMIT = Option(
    ("--limit",), "Compare a sample of N rows of larger views; 0: all rows.", Value.NUMBER, "N", usual="100000"
)
SAMPLES = Option(("--samples",), "Show N rows of each kind.", Value.NUMBER, "N", usual="5")

REPORTED_ROWS = Option(("--rows",), "Add differences of views' rows, with --format html or markdown.", Value.FLAG)
LINEAGE = Option(("--lineage",), "Add lineage of changed views, with --format html or markdown.", Value.FLAG)
REPORT = (REPORTED_ROWS, LINEAGE)
"""Optional contents of a report."""

TO = Option(("--to",), "Assign the rows to this variable, as a DataFrame.", metavar="NAME")
EXPLAIN = Option(("--explain",), "Show the server's plan instead of rows.", Value.FLAG)
ANALYZE = Option(("--analyze",), "Like --explain, and execute the query to measure it.", Value.FLAG)

PLAN_ONLY = Option(("--plan",), "Write the file and show the plan with its buttons; apply nothing.", Value.FLAG)
PREVIEW = Option(("--preview",), "Show the first N rows of the views in the cell.", Value.NUMBER, "N")
JUPYSQL = Option(("--jupysql",), "Use the server, database and role of JupySQL's connection.", Value.FLAG)
KEEP_FILE = Option(("--keep-file",), "Keep the file even if the change is refused.", Value.FLAG)

FOLDERS = (MIGRATIONS_DIR, CODE_DIR)
PROJECT = (*FOLDERS, CONNECTION_STRING, CONFIG, ENVIRONMENT)
"""Choice of project and server."""
SPEECH = (VERBOSE, QUIET, NO_COLOR)
"""Amount and form of the output."""
PLAN_SHAPE = (RECREATE, DROP_UNMANAGED, REWRITE_TABLES, ALLOW)
"""Options of plans."""
TIMEOUTS = (LOCK_TIMEOUT, LOCK_ATTEMPTS, STATEMENT_TIMEOUT)
ROW_OPTIONS = (ROWS, KEY, LIMIT, SAMPLES, replace(STATEMENT_TIMEOUT, usual="30s"))
"""Options of row comparisons."""
_ABOUT_ROWS = ("key", "limit", "samples")
UPDATING_TEXT = Option(
    ("--plain",), "An output without buttons that is updated in place, for front ends without widgets.", Value.FLAG
)
WATCH = (MIGRATIONS, DEBOUNCE, UPDATING_TEXT)
"""Options of watchers in notebooks."""
CELL = (PLAN_ONLY, PREVIEW, KEEP_FILE)
"""Options of `%%pgmg_sql`."""
QUERY = (
    TO,
    replace(LIMIT, help="Read at most N rows; 0: all.", usual="1000, with --to all"),
    EXPLAIN,
    ANALYZE,
    replace(STATEMENT_TIMEOUT, usual="no limit"),
)
"""Options of `%pgmg_query`."""
NEIGHBOURHOOD = (UPSTREAM, DOWNSTREAM, CHANGES_ONLY)

SETTINGS = (*FOLDERS, CONNECTION_STRING, RECREATE, ALLOW, *TIMEOUTS)
"""Options that override a setting of the same name."""

OBJECTS = CommandArgument("objects", "OBJECT", many=True, names=Names.OBJECT)
"""Names of objects: `view.user_stats`, or `user_stats` alone; for graphs also of columns, `user_stats.score`."""
OBJECT = CommandArgument("object", "OBJECT", names=Names.OBJECT)
PLAN_FILE = CommandArgument("plan_file", "PLAN.json", value=Value.FILE)
REPORT_FILE = CommandArgument("report", "REPORT", required=True, value=Value.FILE)
DOCS_FOLDER = CommandArgument("folder", "FOLDER", value=Value.FOLDER)
FILES = CommandArgument("files", "FILE", many=True, value=Value.FILE)
CHECKED = CommandArgument("names", "OBJECT|FILE", many=True, names=Names.OBJECT)
OFFLINE = Option(("--offline",), "Check files alone: no server is asked about the queries in bodies.", Value.FLAG)
NEW_NAME = CommandArgument("name", "NAME", required=True)
"""The words of a new migration's name."""
MIGRATION = CommandArgument("name", "NAME", names=Names.MIGRATION)
"""A migration's file name."""


def row_options(values: Mapping[str, object], *, asked: bool) -> RowOptions:
    """Return the options of a row comparison; `asked` says whether rows are compared at all.

    Raises:
        UsageError: an option that needs `--rows`, or an empty name in `--key`.
    """
    given = {name: values[name] for name in _ABOUT_ROWS if values.get(name) is not None}
    if given and not asked:
        raise UsageError(f"--{next(iter(given))} needs --rows", hint="Add --rows.")
    from pgmg.model.results.row_questions import RowOptions

    chosen = RowOptions()
    return RowOptions(
        key=_columns(str(given["key"])) if "key" in given else (),
        limit=int(str(given.get("limit", chosen.limit))),
        samples=int(str(given.get("samples", chosen.samples))),
    )


def import_options(names: Sequence[str], values: Mapping[str, object]) -> ImportOptions:
    """Return the options of an import from those of the command line."""
    from pgmg.model.results.import_report import ImportOptions, Layout

    def words(option: str) -> tuple[str, ...]:
        found = values.get(option) or ()
        assert isinstance(found, (tuple, list))
        return tuple(map(str, found))

    return ImportOptions(
        names=tuple(names),
        schemas=words("schema"),
        kinds=words("kind"),
        include=words("include"),
        exclude=words("exclude"),
        layout=Layout(str(values.get("layout") or Layout.SCHEMA)),
        baseline=bool(values.get("baseline")),
        force=bool(values.get("force")),
        adopt=bool(values.get("adopt")),
        from_rust=bool(values.get("from_rust")),
        from_alembic=words("from_alembic"),
        verify=not values.get("no_verify"),
        scratch=None if values.get("scratch") is None else str(values["scratch"]),
    )


def _columns(text: str) -> tuple[str, ...]:
    """Parse `a,b`; a name that contains a comma is in double quotes."""
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names):
        raise UsageError("--key contains an empty name", hint="--key id, or --key region,year")
    return names
