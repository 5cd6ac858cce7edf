"""Every option there is, declared once as plain data: commands and notebook magics are both made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pgmg.model.plan import Recreate


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

UPSTREAM = Option(("--upstream",), "Only what the objects depend on, so many steps away.", Value.NUMBER, "N")
DOWNSTREAM = Option(("--downstream",), "Only what depends on the objects, so many steps away.", Value.NUMBER, "N")
CHANGES_ONLY = Option(("--changes-only",), "Only what changes.", Value.FLAG)
OUTPUT = Option(("--output",), "Write a file instead: .svg .png .html .dot .mmd", Value.FILE, "FILE")

ALL = Option(("--all",), "Also empty the database's user schemas, tables and data included.", Value.FLAG)
KEEP = Option(("--keep",), "Keep the folder afterwards, or remove it.", Value.FLAG, default=True, off="--no-keep")
PAUSE = Option(("--pause",), "Wait for Enter after each part.", Value.FLAG)

FOLDERS = (MIGRATIONS_DIR, CODE_DIR)
PROJECT = (*FOLDERS, CONNECTION_STRING, CONFIG, ENVIRONMENT)
"""Which project, which server."""
SPEECH = (VERBOSE, QUIET, NO_COLOR)
"""How much is said, and how."""
PLAN_SHAPE = (RECREATE, DROP_UNMANAGED, REWRITE_TABLES)
"""What shapes a plan."""
TIMEOUTS = (LOCK_TIMEOUT, STATEMENT_TIMEOUT)
NEIGHBOURHOOD = (UPSTREAM, DOWNSTREAM, CHANGES_ONLY)

SETTINGS = (*FOLDERS, CONNECTION_STRING, RECREATE, *TIMEOUTS)
"""Options that override a setting of the same name."""

OBJECTS = Argument("objects", "OBJECT", many=True)
"""Names of objects: `view.user_stats`, or `user_stats` alone."""
