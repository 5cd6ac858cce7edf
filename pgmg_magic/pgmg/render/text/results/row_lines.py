"""The effect of a change on the rows of views, in words and small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import labels
from pgmg.render.text.grid import grid, shown, values
from pgmg.render.text.spans import EMPTY, Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.model.results.row_questions import ColumnDifference, Preview, RowDifference

NOTHING = "No view changes, so no rows to compare."


def rows_lines(found: Sequence[RowDifference]) -> Iterator[Line]:
    """Say for each view what becomes of its rows."""
    return sections(*map(_one, found)) if found else iter([span_line(NOTHING)])


def preview_lines(preview: Preview) -> Iterator[Line]:
    """Show the first rows of a view."""
    yield span_line(Span(f"# {preview.object}", Role.HEADING), f": {extent(preview)}")
    if preview.columns:
        yield from grid(preview.columns, values(preview.rows))


def extent(preview: Preview) -> str:
    """Return how many rows a preview shows: `the first 5 rows`, `the only row`, `no rows`."""
    number = len(preview.rows)
    if not number:
        return "no rows"
    if number == 1:
        return "the first row" if preview.more else "the only row"
    return f"{'the first' if preview.more else 'all'} {labels.count(number, 'row')}"


def counted(found: RowDifference) -> str:
    """Return how many rows there are and will be."""
    match found.before, found.after:
        case None, None:
            return "not compared"
        case None, int(after):
            return f"{labels.count(after, 'row')} after the change, none now"
        case int(before), None:
            return f"{labels.count(before, 'row')} now, deleted by the change"
        case before, after:
            return f"{labels.count(before or 0, 'row')} now, {after:,} after the change"


def numbers(found: RowDifference) -> tuple[tuple[str, Role], ...]:
    """Return what is added, removed and changed; nothing where nothing is."""
    told = [(found.added, "added", Role.CREATED, "+"), (found.removed, "removed", Role.DROPPED, "-")]
    told.append((found.changed or 0, "changed", Role.CHANGED, "~"))
    return tuple((f"{mark} {labels.count(number, 'row')} {word}", role) for number, word, role, mark in told if number)


def manner(found: RowDifference) -> Iterator[str]:
    """Say how rows were compared, and which part of them."""
    if found.before is not None and found.after is not None:
        if found.key:
            yield f"Rows are told apart by {', '.join(found.key)}."
        else:
            yield "Compared as multisets, without a key: a changed row counts as one removed and one added."
    if found.one_in > 1:
        by = ", ".join(found.key) or "all values"
        yield (
            f"A sample was compared: about one row in {found.one_in:,}, chosen by a hash of {by};"
            " what is counted below is that of the sample (--limit 0 compares all)."
        )
    if found.inlined:
        yield f"Pending changes taken along: {', '.join(map(str, found.inlined))}."


def type_of(column: ColumnDifference) -> str:
    """Return a column's type, both where it changes."""
    if column.before is not None and column.after is not None and column.before != column.after:
        return f"{column.before} → {column.after}"
    return column.after or column.before or ""


def about(column: ColumnDifference, found: RowDifference) -> tuple[str, Role]:
    """Return what becomes of a column's values."""
    if found.before is None or found.after is None:
        return "", Role.PLAIN
    if column.before is None:
        return "new column", Role.CREATED
    if column.after is None:
        return "column removed", Role.DROPPED
    if column.differing is None:
        return "", Role.PLAIN
    said = f"{labels.count(column.differing, 'value')} differ{'s' if column.differing == 1 else ''}"
    said = said if column.differing else "same"
    role = Role.CHANGED if column.differing else Role.MUTED
    return (f"{said}, compared as text" if column.as_text else said), role


def changed_columns(found: RowDifference) -> tuple[int, ...]:
    """Return which common columns a table of changed rows needs: the key's, and those that differ in any."""
    samples = found.samples
    differ = {
        n for row in samples.changed for n, (a, b) in enumerate(zip(row.before, row.after, strict=True)) if a != b
    }
    keys = {n for n, name in enumerate(samples.common) if name in found.key}
    return tuple(sorted(keys)) + tuple(sorted(differ - keys))


def _one(found: RowDifference) -> Iterator[Line]:
    change = f" ({labels.change(found.change).word})" if found.change is not None else ""
    yield span_line(Span(f"# {found.object}", Role.HEADING), f"{change}: {counted(found)}")
    for text in manner(found):
        yield span_line("  ", Span(text, Role.MUTED))
    for note in found.notes:
        yield span_line("  ", Span(f"note: {note.message}", Role.DROPPED if note.code == "failed" else Role.WARNING))
    told = numbers(found)
    for text, role in told:
        yield span_line("  ", Span(text, role))
    if not told and found.before is not None and found.after is not None:
        yield span_line("  ", "No row that was compared differs.")
    yield from _columns(found)
    yield from _samples(found)


def column_table(found: RowDifference) -> tuple[tuple[str, ...], list[list[tuple[str, Role]]]]:
    """Return the heads and cells of the table of columns; what becomes of values only where there are two sides."""
    rows = [
        [(column.name, Role.PLAIN), (type_of(column), Role.MUTED), about(column, found)] for column in found.columns
    ]
    heads = ("column", "type", "values")
    if found.before is None or found.after is None:
        return heads[:2], [row[:2] for row in rows]
    return heads, rows


def _columns(found: RowDifference) -> Iterator[Line]:
    if found.columns:
        yield EMPTY
        yield from grid(*column_table(found))


def _samples(found: RowDifference) -> Iterator[Line]:
    samples = found.samples
    for title, columns, rows, total in (
        ("Added", samples.columns_after, samples.added, found.added),
        ("Removed", samples.columns_before, samples.removed, found.removed),
    ):
        if rows:
            yield from _titled(title, len(rows), total)
            yield from grid(columns, values(rows), "    ")
    if samples.changed:
        yield from _titled("Changed", len(samples.changed), found.changed or 0)
        numbers_ = changed_columns(found)
        rows_ = [[_both(row.before[n], row.after[n]) for n in numbers_] for row in samples.changed]
        yield from grid([samples.common[n] for n in numbers_], rows_, "    ")


def _titled(title: str, shown_: int, total: int) -> Iterable[Line]:
    return (EMPTY, span_line("  ", Span(f"{title}, {shown_:,} of {total:,}:", Role.HEADING)))


def _both(before: str | None, after: str | None) -> tuple[str, Role]:
    if before == after:
        return shown(before)
    return f"{shown(before)[0]} → {shown(after)[0]}", Role.CHANGED
