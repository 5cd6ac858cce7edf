"""Where something stands in a file."""

from __future__ import annotations

from dataclasses import field

from pgmg.model.lazy_dataclass import dataclass

_LONGEST, _NEAR = 200, 60
"""Characters before a column that are shown; and on each side of it, where there are more."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A position in a project file.

    `path` is relative to the project folder, with forward slashes (`sql/views/a.sql`);
    `line` and `column` count from 1, `column` in characters.
    """

    path: str
    line: int | None = None
    column: int | None = None
    text: str | None = field(default=None, repr=False)  # the whole line, for the caret

    def __str__(self) -> str:
        parts = [self.path, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)

    def caret(self) -> str | None:
        """Return the line and a caret below the column, or None where the line is not known.

        Of a long line only what is near the column is shown.
        """
        if self.text is None or self.column is None:
            return None
        before, after = self.text[: self.column - 1], self.text[self.column - 1 :]
        if len(before) > _LONGEST:
            before = f"…{before[-_NEAR:]}"
        if len(before) + len(after) > 2 * _LONGEST:
            after = f"{after[:_NEAR]}…"
        lead = "".join("\t" if char == "\t" else " " for char in before)
        return f"{before}{after}\n{lead}^"
