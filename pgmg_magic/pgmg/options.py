"""Every option there is, declared once as plain data: commands and notebook magics are both made from it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pgmg.errors import UsageError
from pgmg.model.plan import Recreate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.row_questions import RowOptions


class Value(Enum):
    """What follows an option."""

    FLAG = "nothing"
    COUNT = "nothing, but it may be repeated"
    TEXT = "a text"
    NUMBER = "a whole number, 0 or more"
    CHOICE = "one of some words"
    FILE = "a path of a file"
    FOLDER = "a path of a folder"


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `flags` are its spellings, the long one first; `off` is the flag that says the opposite."""

    flags: tuple[str, ...]
    help: str
    value: Value = Value.TEXT
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: str | bool | None = None
    off: str | None = None

    @property
    def name(self) -> str:
        """The name as a Python parameter: `--drop-unmanaged` is `drop_unmanaged`."""
        return self.flags[0].lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Argument:
    """A word without a flag. `many` takes all that are left; `value` says what it names, for completion."""

    name: str
    metavar: str
    required: bool = False
    many: bool = False
    value: Value = Value.TEXT


MIGRATIONS_DIR = Option(("--migrations-dir",), "Folder of the migrations.", Value.FOLDER, "FOLDER")
CODE_DIR = Option(("--code-dir",), "Folder of the declared objects.", Value.FOLDER, "FOLDER")
CONNECTION_STRING = Option(("--connection-string",), "Server and database: a URI, key=value words, or embedded:.")
CONFIG = Option(("--config",), "Settings file, instead of the nearest pgmg.toml.", Value.FILE, "FILE")
ENVIRONMENT = Option(("--environment",), "Use [environments.NAME] of the settings file.", metavar="NAME")
FORMAT = Option(("--format",), "What to print.", Value.CHOICE, choices=("text", "json"), default="text")
VERBOSE = Option(("--verbose", "-v"), "Say more; -vv shows tracebacks.", Value.COUNT)
QUIET = Option(("--quiet", "-q"), "Say nothing but the result and errors.", Value.COUNT)
NO_COLOR = Option(("--no-color",), "No colours (as does the variable NO_COLOR).", Value.FLAG)

RECREATE = Option(
    ("--recreate",),
    "Around a migration, recreate all dependent views, or only what the server requires.",
    Value.CHOICE,
    choices=tuple(mode.value for mode in Recreate),
)
DROP_UNMANAGED = Option(("--drop-unmanaged",), "Let go of undeclared dependents that cannot be restored.", Value.FLAG)
REWRITE_TABLES = Option(("--rewrite-tables",), "Allow changes of types that rewrite the tables using them.", Value.FLAG)

OUT = Option(("--out",), "Also save the plan, for `pgmg apply FILE`.", Value.FILE, "FILE")
EXIT_CODE = Option(("--exit-code",), "Exit with 3 when something is pending.", Value.FLAG)
OUTPUT_GRAPH = Option(("--output-graph",), "Also draw the graph: .svg .png .html .dot .mmd", Value.FILE, "FILE")

DRY_RUN = Option(("--dry-run",), "Show what would be done, do nothing.", Value.FLAG)
YES = Option(("--yes",), "Do not ask.", Value.FLAG)
LOCK_TIMEOUT = Option(("--lock-timeout",), "How long a statement may wait for a lock.", metavar="DURATION")
STATEMENT_TIMEOUT = Option(("--statement-timeout",), "How long a statement may take.", metavar="DURATION")

DEBOUNCE = Option(
    ("--debounce",), "Apply after so many milliseconds without a change.", Value.NUMBER, "MS", default="50"
)
MIGRATIONS = Option(("--migrations",), "Also run pending migrations.", Value.FLAG)

UPSTREAM = Option(("--upstream",), "Only what the objects depend on, so many steps away.", Value.NUMBER, "N")
DOWNSTREAM = Option(("--downstream",), "Only what depends on the objects, so many steps away.", Value.NUMBER, "N")
CHANGES_ONLY = Option(("--changes-only",), "Only what changes.", Value.FLAG)
OUTPUT = Option(("--output",), "Write a file instead: .svg .png .html .dot .mmd", Value.FILE, "FILE")

ALL = Option(("--all",), "Also empty the database's user schemas, tables and data included.", Value.FLAG)
NO_CHANGE = Option(("--keep",), "Keep the folder afterwards, or remove it.", Value.FLAG, default=True, off="--no-keep")
PAUSE = Option(("--pause",), "Wait for Enter after each part.", Value.FLAG)

ROWS = Option(("--rows",), "Compare the rows of views instead: what is there now, and after the change.", Value.FLAG)
KEY = Option(("--key",), "Columns that tell rows apart, instead of a key that is found.", metavar="COLUMN[,COLUMN]")
LIMIT = Option(("--limit",), "Compare a sample of so many rows where there are more; 0: all.", Value.NUMBER, "N")
SAMPLES = Option(("--samples",), "Show so many rows of each sort.", Value.NUMBER, "N")

PLAN_ONLY = Option(("--plan",), "Write the file and show the plan with its buttons; apply nothing.", Value.FLAG)
PREVIEW = Option(("--preview",), "Show the first N rows of the views in the cell.", Value.NUMBER, "N")

FOLDERS = (MIGRATIONS_DIR, CODE_DIR)
PROJECT = (*FOLDERS, CONNECTION_STRING, CONFIG, ENVIRONMENT)
"""Which project, which server."""
SPEECH = (VERBOSE, QUIET, NO_COLOR)
"""How much is said, and how."""
PLAN_SHAPE = (RECREATE, DROP_UNMANAGED, REWRITE_TABLES)
"""What shapes a plan."""
TIMEOUTS = (LOCK_TIMEOUT, STATEMENT_TIMEOUT)
ROW_OPTIONS = (ROWS, KEY, LIMIT, SAMPLES, STATEMENT_TIMEOUT)
"""How the rows of views are compared."""
_ABOUT_ROWS = ("key", "limit", "samples")
UPDATING_TEXT = Option(("--plain",), "An updated text without buttons, for front ends without widgets.", Value.FLAG)
WATCH = (MIGRATIONS, DEBOUNCE, UPDATING_TEXT)
"""How a notebook watches."""
CELL = (PLAN_ONLY, PREVIEW)
"""What becomes of a cell of SQL."""
NEIGHBOURHOOD = (UPSTREAM, DOWNSTREAM, CHANGES_ONLY)

SETTINGS = (*FOLDERS, CONNECTION_STRING, RECREATE, *TIMEOUTS)
"""Options that override a setting of the same name."""

OBJECTS = Argument("objects", "OBJECT", many=True)
"""Names of objects: `view.user_stats`, or `user_stats` alone; to draw them also of columns, `user_stats.score`."""
PLAN_FILE = Argument("plan_file", "[PLAN.json]", value=Value.FILE)


def row_options(values: Mapping[str, object], *, asked: bool) -> RowOptions:
    """Return how rows are to be compared; `asked` says whether they are to be compared at all.

    Raises:
        UsageError: an option that means nothing without `--rows`, a key without a name.
    """
    given = {name: values[name] for name in _ABOUT_ROWS if values.get(name) is not None}
    if given and not asked:
        raise UsageError(f"--{next(iter(given))} is about rows", hint="Add --rows.")
    from pgmg.model.row_questions import RowOptions

    chosen = RowOptions()
    return RowOptions(
        key=_columns(str(given["key"])) if "key" in given else (),
        limit=int(str(given.get("limit", chosen.limit))),
        samples=int(str(given.get("samples", chosen.samples))),
    )


def _columns(text: str) -> tuple[str, ...]:
    """Read `a,b`; a name that holds a comma stands in double quotes."""
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names):
        raise UsageError("--key names no column", hint="--key id, or --key region,year")
    return names
