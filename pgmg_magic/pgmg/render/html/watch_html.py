"""A watcher's state as HTML: status light, problems, pending migrations, latest events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.html import markup
from pgmg.render.html.sql_html import highlighted
from pgmg.render.text.results.panel_lines import (
    WatchView,
    affected,
    history,
    problem_lines,
    status_light,
    subject,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.render.text.spans import Line


def watch_html(
    view: WatchView, *, asks: Mapping[str, str] | None = None, as_of: str = "", is_still: bool = False
) -> str:
    """Return the panel. `asks` holds the SQL of pending migrations by name and turns the panel into a question.

    `as_of` is the time of a picture that is not updated; one that `is_still` gives way to a live panel below it.
    """
    colour, word = status_light(view.state)
    pending = view.state.pending
    return markup.fill(
        "watch.html.j2",
        colour=colour,
        word=word,
        as_of=as_of,
        is_still=is_still,
        subject=subject(view.state),
        problems=[_spans(line) for line in problem_lines(view)],
        asks=asks is not None,
        migrations=[
            {
                "name": one.name,
                "affected": affected(one),
                "sql": highlighted(asks[one.name]) if asks is not None and one.name in asks else "",
            }
            for one in (pending.migrations if pending is not None else ())
        ],
        waiting=waiting(pending) if pending is not None else "",
        events=[(clock, _spans(line)) for clock, line in history(view)],
    )


def _spans(line: Line) -> list[tuple[str, str]]:
    return [(span.text, span.role.value) for span in line]
