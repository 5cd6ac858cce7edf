"""Compares a report or a saved plan with the plan as it would be made now (rule 9.4)."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from pgmg.errors import ConfigError
from pgmg.model.plans.plan_inputs import changes_by_part
from pgmg.model.plans.risk import size_text
from pgmg.model.plans.verification import PartKind, Verification, VerifiedPart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pgmg.model.plans.plan import Plan
    from pgmg.project import Project
    from pgmg.render.json.saved_plan import SavedPlan

_BY_INPUTS = {
    "sources": PartKind.FILES,
    "pending": PartKind.MIGRATIONS,
    "state": PartKind.RECORDS,
    "catalog": PartKind.DATABASE,
}
_UNNAMED = {
    PartKind.FILES: "other files than then",
    PartKind.MIGRATIONS: "other pending migrations than then",
    PartKind.RECORDS: "something was applied",
    PartKind.DATABASE: "objects, the search_path or the role are others than then",
    PartKind.STEPS: "statements or records of the steps are others",
}
_GROWN = 2
"""A relation that has grown by this factor is named."""
_SMALL = 8 * 1024 * 1024
"""Relations below this size, in bytes, may grow unnoticed."""


def verify(project: Project, path: Path) -> Verification:
    """Plan again with the options of a report, and return what of the report still holds.

    `path` is an HTML or Markdown report, or a saved plan.

    Raises:
        ConfigError: the file cannot be read, or holds no plan.
        PlanError, SourceErrors: no plan can be made now.
    """
    from pgmg.render.json.saved_plan import load_saved_plan
    from pgmg.render.report_data import saved_plan_text

    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"The report {path} cannot be read: {error.strerror}") from None
    saved = load_saved_plan(saved_plan_text(text))
    return compare(saved, project.plan(saved.options))


def compare(saved: SavedPlan, now: Plan) -> Verification:
    """Return what of a saved plan is true of the plan `now`."""
    changed = {PartKind.SERVER: list(_of_server(saved, now)), **_of_inputs(saved, now)}
    changed[PartKind.STEPS] = list(_of_steps(saved, now))
    changed[PartKind.RISKS] = list(_of_risks(saved, now))
    changed |= _of_rehearsal(saved, now)
    if not any(changed.values()):
        changed[PartKind.REPORT] = list(_of_report(saved, now))
    database = _named(saved.document.get("database"))
    return Verification(
        saved.fingerprint,
        now.fingerprint,
        f"{database[0]} (PostgreSQL {database[1]})",
        tuple(VerifiedPart(part, tuple(changed.get(part, ()))) for part in PartKind if part in changed),
        applied=bool(saved.steps) and now.is_empty and not changed[PartKind.FILES],
    )


def _named(database: Any) -> tuple[str, str]:
    known = database if isinstance(database, dict) else {}
    return str(known.get("name", "?")), str(known.get("server_version", "?"))


def _of_server(saved: SavedPlan, now: Plan) -> Iterator[str]:
    name, version = _named(saved.document.get("database"))
    if name != now.database.name:
        yield f"the database is {now.database.name}, and was {name}"
    if version != now.database.server_version:
        yield f"PostgreSQL is {now.database.server_version}, and was {version}"


def _of_inputs(saved: SavedPlan, now: Plan) -> dict[PartKind, list[str]]:
    """Return by part what has changed; where only digests are known, or differ, it is said without names."""
    before, digests = saved.inputs, dict(now.basis)
    named = changes_by_part(before, now.inputs.entries()) if before else {}
    found: dict[PartKind, list[str]] = {}
    for name, part in _BY_INPUTS.items():
        found[part] = named.get(name, [])
        if not found[part] and dict(saved.basis).get(name) != digests.get(name):
            applied = name == "pending" and bool(found.get(PartKind.RECORDS) or named.get("state"))
            found[part] = [] if applied else [_UNNAMED[part]]
    return found


def _of_steps(saved: SavedPlan, now: Plan) -> Iterator[str]:
    before = [f"{action} {name}" for action, name in saved.steps]
    after = [f"{step.action} {step.object}" for step in now.steps]
    same_digest = dict(saved.basis).get("steps") == dict(now.basis).get("steps")
    if not before and after and saved.document.get("inputs") is None:
        if not same_digest:
            yield "other steps than then"
        return  # the report was too long to hold its steps
    for operation, first, last, start, end in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if operation != "equal":
            yield from (f"no longer: {step}" for step in before[first:last])
            yield from (f"new: {step}" for step in after[start:end])
    if before == after and not same_digest:
        yield _UNNAMED[PartKind.STEPS]


def _of_risks(saved: SavedPlan, now: Plan) -> Iterator[str]:
    if not isinstance(saved.document.get("risks"), list):
        return
    before = {_risk_key(risk): risk for risk in saved.document["risks"] if isinstance(risk, dict)}
    after = {
        (risk.kind.value, risk.relation, None if risk.lock is None else risk.lock.value): risk for risk in now.risks
    }
    gone = [key for key, risk in before.items() if key not in after and not risk.get("measured")]
    yield from (f"no longer: {_risk_words(key)}" for key in gone)
    yield from (f"new: {_risk_words(key)}" for key in after if key not in before)
    for relation in dict.fromkeys(key[1] for key in after if key in before and key[1] is not None):
        sizes = [before[key].get("bytes") for key in before if key[1] == relation]
        old = max((size for size in sizes if isinstance(size, int)), default=None)
        new = max(
            (risk.bytes for key, risk in after.items() if key[1] == relation and risk.bytes is not None), default=0
        )
        if old is not None and new >= _SMALL and new >= old * _GROWN:
            yield f"{relation} has {size_text(new)}, and had {size_text(old)}"


def _of_rehearsal(saved: SavedPlan, now: Plan) -> dict[PartKind, list[str]]:
    """Say of a report with a rehearsal whether that holds for what would run now."""
    rehearsal = saved.document.get("rehearsal")
    if not isinstance(rehearsal, dict):
        return {}
    if rehearsal.get("fingerprint") == now.fingerprint:
        return {PartKind.REHEARSAL: []}
    return {PartKind.REHEARSAL: [f"that of {rehearsal.get('at')} was of another plan than the one that would run now"]}


def _risk_key(risk: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    return str(risk.get("kind")), risk.get("relation"), risk.get("lock")


def _risk_words(key: Sequence[str | None]) -> str:
    kind, relation, lock = key
    return " ".join(filter(None, (kind, f"of {relation}" if relation else "", f"under {lock}" if lock else "")))


def _of_report(saved: SavedPlan, now: Plan) -> Iterator[str]:
    """Compare what the report shows with the same plan made now: it may have been edited."""
    from pgmg.render.json.documents import dumps, saved_plan_document
    from pgmg.render.json.plan_differences import plan_differences

    if saved.fingerprint != now.fingerprint:
        yield "its fingerprint is not that of its contents"
        return
    shown = json.loads(dumps(saved_plan_document(now)))
    if "changes" in saved.document and (differences := plan_differences(saved.document, shown)) is not None:
        yield from (f"it was edited, or made by another version of pgmg: {line}" for line in differences.split("\n"))
