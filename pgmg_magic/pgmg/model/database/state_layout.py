"""pgmg's own tables (rule 10): their names, their columns, and the layout version that added each.

A database may have been written by any earlier pgmg, and an earlier pgmg may write to it again. Therefore the layout
only ever grows: by tables, and by nullable columns without a default. To extend it, raise `VERSION` and add a
`StateTable` or a `StateColumn` with `since=VERSION`. `catalog/state/state_upgrade.py` creates what is missing.
"""

from __future__ import annotations

from enum import Enum, auto

from pgmg.model.lazy_dataclass import dataclass

VERSION = 7
"""1: the columns of rule 10. 2: what drift detection needs. 3: who applied what from where. 4: the server's wording.

5: the history of applies. 6: pinned interfaces. 7: what is owed between transactions.
"""


class TableCreation(Enum):
    """When a table is created: with the first apply, or by the first apply that has to write to it."""

    ALWAYS = auto()
    ON_DEMAND = auto()


@dataclass(frozen=True, slots=True)
class StateColumn:
    """A column. `definition` is its SQL type, for columns as old as their table with constraints and default."""

    name: str
    definition: str
    since: int


@dataclass(frozen=True, slots=True)
class StateTable:
    """One of pgmg's own tables. `constraint` is a table constraint in SQL, empty where there is none."""

    name: str
    columns: tuple[StateColumn, ...]
    since: int
    creation: TableCreation = TableCreation.ALWAYS
    constraint: str = ""

    @property
    def base(self) -> tuple[StateColumn, ...]:
        """The columns that the table has had from the beginning."""
        return tuple(column for column in self.columns if column.since <= self.since)

    @property
    def later(self) -> tuple[StateColumn, ...]:
        """The columns that an older pgmg does not know: nullable, without a default."""
        return tuple(column for column in self.columns if column.since > self.since)


STATE = StateTable(
    "pgmg_state",
    (
        StateColumn("object_name", "text PRIMARY KEY", 1),
        StateColumn("object_hash", "text NOT NULL", 1),
        StateColumn("last_applied", "timestamp NOT NULL DEFAULT now()", 1),
        StateColumn("sql", "text", 2),
        StateColumn("path", "text", 2),
        StateColumn("file_hash", "text", 2),
        StateColumn("object_schema", "text", 2),
        StateColumn("catalog_version", "text", 2),
        StateColumn("definition_hash", "text", 2),
        StateColumn("server_version", "integer", 2),
        StateColumn("applied_from", "jsonb", 3),
        StateColumn("definition", "text", 4),
        StateColumn("contract", "boolean", 6),
    ),
    since=1,
)
"""A row for each object that was applied.

`applied_from` is an `AppliedFrom` with the time of its writing, `definition` the server's own text of what was applied,
`contract` whether its source pinned its interface.
"""

MIGRATIONS = StateTable(
    "pgmg_migrations",
    (
        StateColumn("name", "text PRIMARY KEY", 1),
        StateColumn("applied_at", "timestamp NOT NULL DEFAULT now()", 1),
        StateColumn("hash", "text", 2),
        StateColumn("statements_hash", "text", 3),
        StateColumn("applied_from", "jsonb", 3),
    ),
    since=1,
)
"""A row for each migration that was run. `statements_hash` ignores comments and white space between words."""

PROGRESS = StateTable(
    "pgmg_progress",
    (
        StateColumn("name", "text NOT NULL", 2),
        StateColumn("hash", "text NOT NULL", 2),
        StateColumn("statements", "integer NOT NULL", 2),
    ),
    since=2,
    creation=TableCreation.ON_DEMAND,
    constraint="PRIMARY KEY (name, hash)",
)
"""How many statements of a no-transaction migration are done."""

HISTORY = StateTable(
    "pgmg_history",
    (
        StateColumn("number", "integer PRIMARY KEY", 5),
        StateColumn("applied_at", "timestamptz NOT NULL DEFAULT now()", 5),
        StateColumn("role", "text NOT NULL", 5),
        StateColumn("application", "text NOT NULL", 5),
        StateColumn("applied_from", "jsonb", 5),
        StateColumn("note", "text", 5),
        StateColumn("steps", "jsonb NOT NULL", 5),
        StateColumn("sources", "jsonb NOT NULL", 5),
    ),
    since=5,
    creation=TableCreation.ON_DEMAND,
)
"""A row for each transaction of an apply, the newest ones only.

`steps` is a list of `{"action", "object"}`, `sources` one of `{"object", "sql", "path"}` without `sql` for what was
dropped; both as they were, in order.
"""

OWED = StateTable(
    "pgmg_owed",
    (
        StateColumn("object_name", "text PRIMARY KEY", 7),
        StateColumn("migration", "text NOT NULL", 7),
        StateColumn("dropped_at", "timestamptz NOT NULL DEFAULT now()", 7),
        StateColumn("definition", "jsonb NOT NULL", 7),
    ),
    since=7,
    creation=TableCreation.ON_DEMAND,
)
"""A row for each object that a committed transaction has dropped and that a later one is to create again.

`migration` is the one that needed it absent, `definition` an `OwedObject`.
"""

LAYOUT = (STATE, MIGRATIONS, PROGRESS, HISTORY, OWED)
"""Every table, in the order of creation."""

OWN_TABLES = tuple(table.name for table in LAYOUT)

ORIGINAL_SCHEMA = "pgmg"
"""The schema of the tables of the original pgmg; `catalog/state/original_state.py` reads them."""

ORIGINAL_TABLES = ("pgmg_state", "pgmg_migrations", "pgmg_dependencies")
"""The tables of the original pgmg."""

DEFAULT_SCHEMA = "public"
"""The state schema of a project that configures none: it goes on where the original pgmg stopped."""

STATE_TABLES = frozenset((*OWN_TABLES, *ORIGINAL_TABLES))
"""Names of tables that hold records of a pgmg, and nothing of a project."""
