"""Where something stands in a file."""

from __future__ import annotations

from dataclasses import dataclass, field


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
        """Return the line and a caret below the column, or None where the line is not known."""
        if self.text is None or self.column is None:
            return None
        lead = "".join("\t" if char == "\t" else " " for char in self.text[: self.column - 1])
        return f"{self.text}\n{lead}^"
