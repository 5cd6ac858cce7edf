"""A plan as static HTML: impact, warnings, code changes, every step with its SQL and difference."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pgmg.model.naming.names import PROPERTY_KINDS, Kind
from pgmg.model.plans.plan import Action, Change, ChangeKind, MigrationImpact, Plan, Step
from pgmg.model.plans.risk import RiskKind
from pgmg.render import labels, plan_content, sanitize
from pgmg.render.html import markup
from pgmg.render.html.diff_html import rows
from pgmg.render.html.graph_html import figure, plan_graph
from pgmg.render.html.sql_html import highlighted
from pgmg.render.impact import NO_LOCKS, counts, deletions, locks, rewrites
from pgmg.render.site.site_page import page_address
from pgmg.render.text.plans.client_lines import ROLES, worst_first
from pgmg.render.text.plans.drift_choice import drift_choice
from pgmg.render.text.plans.plan_lines import first_locks, nothing
from pgmg.render.text.plans.reader_lines import readers_about, statement_line, use_words, uses_words
from pgmg.render.text.plans.rehearsal_lines import effect_words, rehearsed_on, verdict
from pgmg.render.text.spans import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.plans.readers import ClientReaders
    from pgmg.model.plans.rehearsal import Rehearsal

_FEW = 40
"""Most steps in one unfolded table; longer plans are grouped by action and folded."""
_INLINE = 150
"""Most steps whose SQL is part of the page; of longer plans it is compressed, and unfolded by the script."""
_FEW_CHANGES, _MANY_CHANGES = 12, 40
"""Most changes in an unfolded list, and in a list of all; a longer one names only those that need an explanation."""
_SELF_EXPLAINING = (ChangeKind.NEW, ChangeKind.MODIFIED, ChangeKind.DELETED)
_NO_NOUNS = PROPERTY_KINDS | {Kind.OTHER, Kind.DEFAULT_PRIVILEGES, Kind.STATISTICS}
_DIFFERING = (Action.CREATE, Action.REPLACE, Action.ALTER)


def plan_html(
    plan: Plan,
    base: str | None = None,
    *,
    site: str | None = None,
    graph: bool = True,
    applied: bool = False,
    risks: bool = False,
) -> str:
    """Return a plan as HTML. `base` is the project's folder relative to the notebook, for links to files.

    `site` is the folder of the documentation site relative to the notebook; code changes then link to its pages.
    An `applied` plan has another title, no warnings about deletions and no locks. With `risks`, a table of them and
    the risks of each step replace the lines about locks and rewrites; of these the locks stay where no risk is known.
    """
    rows = plan_content.risk_rows(plan) if risks else []
    drawn = plan_graph(plan) if graph and plan.steps else None
    summed_up = not (applied or risks)
    held = locks(plan) if not (applied or rows) else NO_LOCKS
    inline = len(plan.steps) <= _INLINE
    return markup.fill(
        "plan.html.j2",
        script=script(),
        title="Applied plan" if applied else "Plan",
        nothing=nothing(plan) if plan.is_empty else "",
        counts=[(count.text, count.role.value) for count in counts(plan)],
        readers=held.readers,
        writers=held.writers,
        warnings=[] if applied else list(plan_content.warnings(plan)),
        deletions=deletions(plan) if not applied else (),
        rewrites=rewrites(plan) if summed_up else (),
        risks=[(row, RISK_ROLES[row.kind].value) for row in rows],
        clients=[
            (one.compatibility.value, ROLES[one.compatibility].value, str(one.object), one.reason, one.where or "")
            for one in worst_first(plan)
        ],
        readers_of=None if plan.readers is None else _readers(plan.readers),
        rehearsal=None if plan.rehearsal is None else _rehearsal(plan.rehearsal),
        migrations=[_impact(migration) for migration in plan.migrations],
        changes=_changes(plan, base, site),
        change_counts=[
            (f"{number:,} {labels.change(kind).word}", labels.change(kind).role.value)
            for kind, number in Counter(change.change for change in plan.changes).most_common()
        ],
        change_total=len(plan.changes),
        drift_choice="" if applied else drift_choice(plan.changes),
        few_changes=len(plan.changes) <= _FEW_CHANGES,
        sections=list(_sections(plan, base, inline=inline, applied=applied)),
        total=len(plan.steps),
        few=len(plan.steps) <= _FEW,
        packed="" if inline else _packed(plan),
        figure=figure(drawn, sql=inline) if drawn is not None and len(drawn.nodes) > 1 else None,
        database=plan_content.database(plan),
        fingerprint=plan.fingerprint,
    )


def script() -> Markup:
    """Return the script of a plan, as it stands in its HTML."""
    return markup.trusted(f"{markup.asset('plan.js')}{markup.asset('figure.js')}")


RISK_ROLES = {
    RiskKind.DATA_LOSS: Role.DROPPED,
    RiskKind.REWRITE: Role.DROPPED,
    RiskKind.EXCLUSIVE_LOCK: Role.WARNING,
    RiskKind.SCAN: Role.WARNING,
    RiskKind.LOCK: Role.CHANGED,
    RiskKind.UNKNOWN: Role.MUTED,
}


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


def _readers(found: ClientReaders) -> dict[str, Any]:
    return {
        "about": readers_about(found),
        "missing": found.missing,
        "parts": [
            {
                "name": one.part.name,
                "what": one.part.what,
                "role": (Role.DROPPED if one.part.is_deleted else Role.CHANGED).value,
                "uses": uses_words(one),
                "where": one.part.where or "",
                "statements": [(use_words(use), statement_line(use.statement)) for use in one.uses],
            }
            for one in found.parts
        ],
    }


def _rehearsal(found: Rehearsal) -> dict[str, Any]:
    return {
        "word": "proved" if found.proved else "not proved",
        "role": (Role.CREATED if found.proved else Role.DROPPED).value,
        "verdict": f"{verdict(found)[:1].upper()}{verdict(found)[1:]}.",
        "about": rehearsed_on(found),
        "fingerprint": found.fingerprint,
        "omitted": found.omitted,
        "steps": [
            {
                "number": done.step.number,
                "title": labels.step_title(done.step),
                "duration": labels.duration(done.duration_ms),
                "measured": done.measured,
                "effects": [(effect_words(effect), effect.expected) for effect in done.effects],
                "notices": done.notices,
            }
            for done in found.steps
            if done.effects or done.notices or not done.measured
        ],
    }


def _changes(plan: Plan, base: str | None, site: str | None) -> list[dict[str, Any]]:
    """Return the code changes, with their reasons; those without a step only change pgmg's records (rule 3.3)."""
    executed = {step.object for step in plan.steps}
    found = []
    for change in plan.changes:
        if len(plan.changes) > _MANY_CHANGES and change.change in _SELF_EXPLAINING:
            continue
        words = labels.change(change.change)
        notes = [words.why] if words.why else []
        if change.object not in executed and change.change is not ChangeKind.FORMATTING:
            notes.append("only recorded")
        found.append(
            {
                "object": str(change.object),
                "page": "" if site is None else _link("", site) + page_address(change.object),
                "word": words.word,
                "role": words.role.value,
                "why": "; ".join(notes),
                "place": None if change.path is None else _place(change.path, change.line),
                "link": None if change.path is None or base is None else _link(change.path, base),
            }
        )
    return found


# -- steps ----------------------------------------------------------------------------------------------


def _sections(plan: Plan, base: str | None, *, inline: bool, applied: bool) -> Iterator[dict[str, Any]]:
    """Group the steps by transaction, and in long plans also by action; the first of a group names its first locks."""
    changes = {change.object: change for change in plan.changes}
    groups = plan.groups
    many = len(plan.steps) > _FEW
    for number, group in enumerate(groups, start=1):
        how = "in one transaction" if all(step.transactional for step in group) else "outside a transaction"
        title = f"Group {number}, {how}" if len(groups) > 1 or how.startswith("outside") else ""
        for action, part in _runs(group) if many else ((None, group),):
            verb = "" if action is None else f"{labels.verb(action).doing} {labels.count(len(part), _noun(part))}"
            yield {
                "title": ": ".join(words for words in (title, verb) if words),
                "role": "plain" if action is None else labels.verb(action).role.value,
                "first": part[0].number,
                "last": part[-1].number,
                "locks": first_locks(plan, group[0].group) if part[0] is group[0] and not applied else "",
                "steps": [_step(step, changes.get(step.object), base, inline=inline) for step in part],
            }


def _runs(steps: Sequence[Step]) -> Iterator[tuple[Action, list[Step]]]:
    for action, run in groupby(steps, key=lambda step: step.action):
        yield action, list(run)


def _noun(steps: Sequence[Step]) -> str:
    kinds = {step.object.kind for step in steps}
    return kinds.pop().sql_keyword if len(kinds) == 1 and not kinds & _NO_NOUNS else "object"


def _step(step: Step, change: Change | None, base: str | None, *, inline: bool) -> dict[str, Any]:
    about = step.object.parent if step.action in (Action.COMMENT, Action.GRANT, Action.REVOKE) else None
    location = step.location
    return {
        "number": step.number,
        "action": "run" if step.action is Action.MIGRATE else step.action.value,
        "role": labels.verb(step.action).role.value,
        "kind": step.object.kind.sql_keyword,
        "object": str(about) if about is not None else step.object.display_name,
        "name": str(step.object),
        "unmanaged": not step.managed,
        "reason": step.reason,
        "place": None if location is None else _step_place(location, inline=inline),
        "link": None if location is None or base is None or not inline else _link(location.path, base),
        "sql": highlighted(_sql(step)) if inline else "",
        "rows": _difference(step, change) if inline else (),
    }


def _sql(step: Step) -> str:
    return "\n".join(f"{statement};" for statement in step.statements)


def _difference(step: Step, change: Change | None) -> Sequence[tuple[str, str]]:
    if change is None or step.action not in _DIFFERING or change.change is ChangeKind.NEW:
        return ()
    return rows(change)


def _packed(plan: Plan) -> str:
    """Return SQL and differences of all steps, in order, as compressed JSON: [SQL, [[kind of line, line] …]]."""
    changes = {change.object: change for change in plan.changes}
    steps = [
        (
            sanitize.sanitize_block(_sql(step)),
            [(kind, sanitize.sanitize_block(line)) for kind, line in _difference(step, changes.get(step.object))],
        )
        for step in plan.steps
    ]
    return markup.packed(json.dumps(steps, ensure_ascii=False, separators=(",", ":")))


# -- files ----------------------------------------------------------------------------------------------


def _step_place(location: SourceLocation, *, inline: bool) -> Markup | str:
    """Return file and line; in long plans without possible line breaks, which would double the page."""
    return _place(location.path, location.line) if inline else _path(location.path, location.line)


def _place(path: str, line: int | None) -> Markup:
    """Return a file and line with a possible line break after each folder."""
    return markup.trusted("/<wbr>").join(sanitize.sanitize_line(part) for part in _path(path, line).split("/"))


def _path(path: str, line: int | None) -> str:
    return path if line is None else f"{path}:{line}"


def _link(path: str, base: str) -> str:
    """Return a relative link; no path can turn it into another scheme or host."""
    return "./" + quote(f"{base}/{path.lstrip('/')}".encode(errors="replace"), safe="/")
