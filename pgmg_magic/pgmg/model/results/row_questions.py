"""The effect of a change on the rows of a view: the question, and the answer as plain data."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import ChangeKind
    from pgmg.model.sources.source import Notice, Parts

Value = str | None
"""A value as the server writes it, cut where it is long (it then ends in `…`); None is NULL."""
CellTexts = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A query to be run: its text, the columns' names where they are given anew, and `SET`s that belong to it.

    `expanded` is the same query with its CTEs computed wherever they are read: columns that nobody asks for cannot
    fail there. None where that makes no difference.
    """

    text: str
    columns: tuple[str, ...] | None = None
    settings: tuple[str, ...] = ()
    expanded: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """A relation (schema and name) that a view reads with the rights of the role that owns the view."""

    role: str
    relation: Parts


@dataclass(frozen=True, slots=True)
class TemporaryObject:
    """A pending object as a temporary one: the statement that creates it, and the SETs under which it is written.

    `name` is that of the pending object, `temporary` that of the temporary one in `pg_temp`. `owner` owns it once it is
    applied; `access` is what it reads with the owner's rights.
    """

    name: ObjectName
    temporary: str
    statement: str = field(repr=False)
    settings: tuple[str, ...] = ()
    owner: str | None = None
    access: tuple[Access, ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """How to ask for the rows that a view will have.

    `inlined` is a query that reads what there is, with pending definitions in it; it is the answer where there are no
    `obstacles` and the asking role reads all of `access` as the owners of the views do. Otherwise `query` is asked once
    the `temporary` objects exist (dependencies first); `impossible` says why those cannot be written. `unknown` says
    why there is no answer before apply, however it is asked.
    """

    inlined: Query | None
    query: Query
    obstacles: tuple[str, ...] = ()
    access: tuple[Access, ...] = ()
    temporary: tuple[TemporaryObject, ...] = ()
    impossible: str | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """Names of functions that are called, without schemas, and views whose definitions only the server knows."""

    functions: tuple[str, ...] = ()
    views: tuple[Parts, ...] = ()


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """Asks what becomes of the rows of one view or materialized view.

    `before` is the relation as it stands (schema and name), None where it does not exist or holds nothing yet;
    `after` is what apply will make of it, None where it is deleted. `pending` names the other objects whose changes are
    taken along, `location` is where the source stands. `calls` is what its rows are computed with.
    """

    object: ObjectName
    change: ChangeKind | None
    before: Parts | None
    after: After | None
    pending: tuple[ObjectName, ...] = ()
    notes: tuple[Notice, ...] = ()
    location: SourceLocation | None = None
    calls: Calls = Calls()


@dataclass(frozen=True, slots=True)
class RowOptions:
    """How rows are compared.

    `key` are columns that tell rows apart (empty: looked for). Where either side has more than `limit` rows (0: no
    limit), a sample of about that many is compared. `samples` is how many rows of each sort are shown. `timeout` is
    how long one statement may take, as PostgreSQL writes it.
    """

    key: tuple[str, ...] = ()
    limit: int = 100_000
    samples: int = 5
    timeout: str = "30s"


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """One column: its type on both sides (None where that side does not have it).

    `differing` counts the values that differ, in rows of one key, or between the two multisets of all values; None
    where there was nothing to compare. `as_text` says that values were compared by their text.
    """

    name: str
    before: str | None
    after: str | None
    differing: int | None = None
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that both sides have, by its key, and that differs: the values of the columns that both sides have."""

    before: CellTexts
    after: CellTexts


@dataclass(frozen=True, slots=True)
class RowSamples:
    """Some rows of each sort. `columns` heads `added` and `removed`, `common` the rows of `changed`."""

    columns_after: tuple[str, ...] = ()
    columns_before: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    added: tuple[CellTexts, ...] = ()
    removed: tuple[CellTexts, ...] = ()
    changed: tuple[ChangedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class RowDifference:
    """The effect of a change on the rows of one view or materialized view.

    `before` and `after` count all rows, None where that side does not exist. With a `key`, rows are told apart by
    it; without, they are compared as multisets and `changed` is None. `one_in` is 1 where every row was compared; else
    one in so many was, and `added`, `removed`, `changed` and `differing` are those of the sample.
    """

    object: ObjectName
    change: ChangeKind | None
    before: int | None
    after: int | None
    added: int = 0
    removed: int = 0
    changed: int | None = None
    key: tuple[str, ...] = ()
    columns: tuple[ColumnDifference, ...] = ()
    samples: RowSamples = field(default_factory=RowSamples)
    one_in: int = 1
    inlined: tuple[ObjectName, ...] = ()
    notes: tuple[Notice, ...] = ()
    duration_ms: float = 0.0

    @property
    def is_known(self) -> bool:
        """The rows were compared."""
        return not any(note.code in ("failed", "unknown") for note in self.notes)

    @property
    def is_same(self) -> bool:
        """Nothing that was compared differs."""
        same = self.is_known and all(column.before == column.after for column in self.columns)
        return same and self.before == self.after and not (self.added or self.removed or self.changed)

    def to_frame(self) -> Any:
        """Return the sample rows as a DataFrame of pandas or polars; values are texts.

        The first column says what a row is: `added`, `removed`, or `before` and `after` of one that changed. Columns
        that its side does not have are None.

        Raises:
            UsageError: neither is installed.
        """
        from pgmg.model.results.frame import frame_of

        samples = self.samples
        names = tuple(dict.fromkeys((*samples.common, *samples.columns_after, *samples.columns_before)))
        rows = [("added", samples.columns_after, row) for row in samples.added]
        rows += [("removed", samples.columns_before, row) for row in samples.removed]
        for changed in samples.changed:
            rows += [("before", samples.common, changed.before), ("after", samples.common, changed.after)]
        found = [(kind, dict(zip(columns, row, strict=True))) for kind, columns, row in rows]
        return frame_of(("row", *names), [(kind, *map(values.get, names)) for kind, values in found])


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a view; `types` are those of the columns; `more` where there are rows beyond them."""

    object: ObjectName
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[CellTexts, ...]
    more: bool = False

    def to_frame(self) -> Any:
        """Return the rows as a DataFrame of pandas or polars; values are texts.

        Raises:
            UsageError: neither is installed.
        """
        from pgmg.model.results.frame import frame_of

        return frame_of(self.columns, self.rows)
