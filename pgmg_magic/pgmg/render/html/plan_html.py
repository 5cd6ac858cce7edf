"""A plan as static HTML: impact, warnings, every step with its SQL and difference."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pgmg.model.names import PROPERTY_KINDS, Kind
from pgmg.model.plan import Action, Change, ChangeKind, MigrationImpact, Plan, Step
from pgmg.render import labels, sanitize
from pgmg.render.html import markup
from pgmg.render.html.diff_html import rows
from pgmg.render.html.graph_html import figure, focus, plan_graph
from pgmg.render.html.impact import NO_LOCKS, counts, deletions, locks, rewrites
from pgmg.render.html.sql_html import highlighted
from pgmg.render.text.plan_lines import nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from pgmg.model.location import SourceLocation

_FEW = 40
"""Most steps in one unfolded table; longer plans are grouped by action and folded."""
_GRAPH_LIMIT = 60
_NO_NOUNS = PROPERTY_KINDS | {Kind.OTHER, Kind.DEFAULT_PRIVILEGES, Kind.STATISTICS}


def plan_html(plan: Plan, base: str | None = None, *, graph: bool = True, applied: bool = False) -> str:
    """Return a plan as HTML. `base` is the project's folder relative to the notebook, for links to files.

    An `applied` plan has another title and no warnings about deletions and locks.
    """
    drawn = focus(plan_graph(plan), _GRAPH_LIMIT) if graph and plan.steps else None
    held = locks(plan) if not applied else NO_LOCKS
    return markup.fill(
        "plan.html.j2",
        style=markup.asset("notebook.css"),
        script=markup.asset("plan.js"),
        title="Applied plan" if applied else "Plan",
        nothing=nothing(plan) if plan.is_empty else "",
        counts=[(count.text, count.role.value) for count in counts(plan)],
        readers=held.readers,
        writers=held.writers,
        warnings=[(notice.message, _where(notice.where, notice.message)) for notice in plan.warnings if not applied],
        deletions=deletions(plan) if not applied else (),
        rewrites=rewrites(plan) if not applied else (),
        migrations=[_impact(migration) for migration in plan.migrations],
        sections=list(_sections(plan, base)),
        total=len(plan.steps),
        few=len(plan.steps) <= _FEW,
        silent=[_silent(change) for change in _unexecuted(plan)],
        figure=figure(drawn) if drawn is not None and len(drawn.nodes) > 1 else None,
        database=f"{plan.database.name} (PostgreSQL {plan.database.server_version})",
        fingerprint=plan.fingerprint,
    )


def _where(where: str | None, message: str) -> str:
    return "" if where is None or where in message else where


def _impact(migration: MigrationImpact) -> dict[str, Any]:
    return {
        "name": migration.name,
        "count": labels.count(len(migration.affects), "object"),
        "affects": [
            {
                "object": str(affected.object),
                "reason": affected.reason,
                "because": ", ".join(
                    str(name) for name in affected.because_of if name.display_name not in affected.reason
                ),
            }
            for affected in migration.affects
        ],
    }


def _unexecuted(plan: Plan) -> list[Change]:
    """Return the changes that need no step (rule 3.3)."""
    done = {step.object for step in plan.steps}
    return [change for change in plan.changes if change.object not in done]


def _silent(change: Change) -> dict[str, str]:
    said = labels.change(change.change)
    return {"object": str(change.object), "word": said.word, "why": said.why, "place": labels.place(change)}


# -- steps ----------------------------------------------------------------------------------------------


def _sections(plan: Plan, base: str | None) -> Iterator[dict[str, Any]]:
    """Group the steps by transaction, and in long plans also by action."""
    changes = {change.object: change for change in plan.changes}
    groups = plan.groups
    many = len(plan.steps) > _FEW
    for number, group in enumerate(groups, start=1):
        how = "in one transaction" if all(step.transactional for step in group) else "outside a transaction"
        title = f"Group {number}, {how}" if len(groups) > 1 or how.startswith("outside") else ""
        for action, part in _runs(group) if many else ((None, group),):
            verb = "" if action is None else f"{labels.verb(action).doing} {labels.count(len(part), _noun(part))}"
            yield {
                "title": ": ".join(said for said in (title, verb) if said),
                "role": "plain" if action is None else labels.verb(action).role.value,
                "first": part[0].number,
                "last": part[-1].number,
                "steps": [_step(step, changes.get(step.object), base) for step in part],
            }


def _runs(steps: Sequence[Step]) -> Iterator[tuple[Action, list[Step]]]:
    for action, run in groupby(steps, key=lambda step: step.action):
        yield action, list(run)


def _noun(steps: Sequence[Step]) -> str:
    kinds = {step.object.kind for step in steps}
    return kinds.pop().sql_keyword if len(kinds) == 1 and not kinds & _NO_NOUNS else "object"


def _step(step: Step, change: Change | None, base: str | None) -> dict[str, Any]:
    about = step.object.parent if step.action in (Action.COMMENT, Action.GRANT, Action.REVOKE) else None
    differs = step.action in (Action.CREATE, Action.REPLACE, Action.ALTER)
    made = step.action in (Action.CREATE, Action.REPLACE, Action.ALTER, Action.RESTORE)
    return {
        "number": step.number,
        "action": "run" if step.action is Action.MIGRATE else step.action.value,
        "role": labels.verb(step.action).role.value,
        "kind": step.object.kind.sql_keyword,
        "object": str(about) if about is not None else step.object.display_name,
        "name": str(step.object),
        "unmanaged": not step.managed,
        "change": "" if change is None or not made else labels.change(change.change).word,
        "reason": step.reason,
        "place": None if step.location is None else _place(step.location),
        "link": None if step.location is None or base is None else _link(step.location, base),
        "sql": highlighted("\n".join(f"{statement};" for statement in step.statements)),
        "rows": rows(change) if change is not None and differs and change.change is not ChangeKind.NEW else (),
    }


def _place(location: SourceLocation) -> Markup:
    """Return a file and line with a possible line break after each folder."""
    said = location.path if location.line is None else f"{location.path}:{location.line}"
    return markup.trusted("/<wbr>").join(sanitize.sanitize_line(part) for part in said.split("/"))


def _link(location: SourceLocation, base: str) -> str:
    """Return a relative link; no path can turn it into another scheme or host."""
    return "./" + quote(f"{base}/{location.path.lstrip('/')}".encode(errors="replace"), safe="/")
