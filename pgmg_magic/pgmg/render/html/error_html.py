"""An error as lines and as HTML: message, place, source line with caret, hint (rule 11.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import PgmgError, SourceErrors
from pgmg.render import sanitize
from pgmg.render.html.lines_html import lines_html
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.naming.location import SourceLocation

_TITLES = {
    "stale-plan": "",
    "usage": "Wrong usage: ",
    "locked": "Locked: ",
    "unknown-object": "Unknown: ",
    "stopped": "",
}
_NO_FAILURES = ("stale-plan", "stopped")


def error_lines(error: PgmgError, secrets: Sequence[str] = ()) -> Iterator[Line]:
    """Return an error as lines; `secrets` are passwords to mask (rule 11.3)."""
    problems = error.problems if isinstance(error, SourceErrors) else (error,)
    return sections(*(_problem(problem, secrets) for problem in problems))


def error_html(error: PgmgError, secrets: Sequence[str] = ()) -> str:
    """Return an error as an HTML callout."""
    tone = Role.WARNING if error.code in _NO_FAILURES else Role.DROPPED
    return lines_html(error_lines(error, secrets), "Error", tone)


def _problem(error: PgmgError, secrets: Sequence[str]) -> Iterator[Line]:
    def shown(text: str) -> str:
        return sanitize.shortened(sanitize.sanitize_block(sanitize.mask_secrets(text, secrets)))

    first, *rest = shown(error.message).split("\n")
    role = Role.WARNING if error.code in _NO_FAILURES else Role.DROPPED
    title = _TITLES.get(error.code, "Error: ")
    yield span_line(Span(title, role), Span(first, Role.HEADING))
    for row in rest:
        yield span_line(row)
    if error.where is not None:
        yield from _where(error.where)
    if error.hint:
        for number, row in enumerate(shown(error.hint).split("\n")):
            yield span_line(Span("hint: " if number == 0 else "      ", Role.RESTORED), row)


def _where(location: SourceLocation) -> Iterator[Line]:
    yield span_line("  ", Span(str(location), Role.MUTED))
    caret = location.caret()
    if caret is not None:
        row, _, mark = caret.partition("\n")
        number = "" if location.line is None else f"{location.line} "
        yield span_line("  ", Span(f"{number}│ ", Role.MUTED), Span(row, Role.SQL))
        yield span_line("  ", Span(f"{' ' * len(number)}│ ", Role.MUTED), Span(mark, Role.DROPPED))
