"""Where a watcher stands, as HTML: a light, the present problems, what is pending, the last events."""

from __future__ import annotations

from collections.abc import Mapping

from pgmg.render import markup
from pgmg.render.html_sql import highlighted
from pgmg.render.lines.panel import Picture, about, affected, history, light, problem_lines, waiting
from pgmg.render.spans import Line


def watch_html(picture: Picture, *, asks: Mapping[str, str] | None = None) -> str:
    """Return the panel. With `asks`, the texts of pending migrations by their names, they stand in it as a question."""
    colour, word = light(picture.state)
    pending = picture.state.pending
    return markup.fill(
        "watch.html.j2",
        style=markup.trusted(f"{markup.asset('notebook.css')}\n{markup.asset('watch.css')}"),
        colour=colour,
        word=word,
        about=about(picture.state),
        problems=[_spans(line) for line in problem_lines(picture)],
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
        events=[(clock, _spans(line)) for clock, line in history(picture)],
    )


def _spans(line: Line) -> list[tuple[str, str]]:
    return [(span.text, span.role.value) for span in line]
