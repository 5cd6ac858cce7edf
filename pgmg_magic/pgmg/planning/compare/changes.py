"""Tells what changed: declared against recorded against live (rule 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import DriftChecks, DriftEvidence
from pgmg.model.database.snapshot import LiveObject, Snapshot, StateRow, definition_hash
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import DECLARATIVE_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.facts import DefinitionFacts, GrantFacts, IndexFacts, ViewFacts, stated_options
from pgmg.planning.compare.attachments import LiveAttachments
from pgmg.planning.compare.signatures import Signature, has_signature
from pgmg.source import parse_recorded, same_wording

if TYPE_CHECKING:
    from pgmg.model.results.applied_from import AppliedFrom, Claim
    from pgmg.planning.resolve.declared import Declared


@dataclass(frozen=True, slots=True)
class ObjectComparison:
    """One object with everything known of it; `change` None where nothing is to be done about it."""

    name: ObjectName
    change: ChangeKind | None
    declared: Declared | None = None
    live: LiveObject | None = None
    row: StateRow | None = None
    recorded_sql: str | None = None
    live_text: str | None = None  # the database's own definition, where it was in doubt
    applied_text: str | None = None  # the server's text of what was applied, where the definition was in doubt
    rebaseline: bool = False
    applied_from: AppliedFrom | None = None  # of modified and deleted ones, where it is known
    claim: Claim | None = None  # another project's record of an adopted or deleted one

    @property
    def recorded_key(self) -> str | None:
        """The name under which state has the object, where that is not its present one."""
        return None if self.row is None or self.row.name == str(self.name) else self.row.name


_NULL = re.compile(r"\(*NULL::", re.IGNORECASE)
_WITH_OPTIONS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.INDEX})
"""Kinds whose options may be set by hand besides those that are declared."""

Settled = Mapping[ObjectName, ObjectComparison]
"""Differences that are none, of the same database: they stay so while the source is the same."""


def settled(found: Iterable[ObjectComparison]) -> Settled:
    """Return the differences that are none, and that no evidence was needed for."""
    return {
        d.name: d for d in found if d.change is None and d.live_text is None and d.name.kind not in DECLARATIVE_KINDS
    }


def drift_checks(
    declared: Mapping[ObjectName, Declared],
    snapshot: Snapshot,
    known: Settled = MappingProxyType({}),
    signatures: Iterable[ObjectName] = (),
) -> DriftChecks:
    """Return what has to be asked before `differences` can answer; `signatures` are of routines that follow columns."""
    definitions, wordings, recorded, claimed = [], [], [], []
    about = dict.fromkeys(DECLARATIVE_KINDS, False)
    names = {str(name): name for name in declared}
    for key, name in names.items():
        if name in known and known[name].declared is declared[name]:
            continue
        row, live = snapshot.state.get(key), snapshot.objects.get(name)
        if name.kind in DECLARATIVE_KINDS:
            about[name.kind] = True
        if row is None or row.is_of_original:
            if live is not None:
                claimed.append(key)
            continue
        if row.hash != declared[name].source.hash:
            recorded.append(row.name)
        elif live is not None and row.version is not None and row.version != live.stamp:
            definitions.append((name, live.address))
            wordings.append(row.name)
    for key, row in snapshot.state.items():
        if key not in names:
            recorded.append(row.name)
            claimed.append(row.name)
            for kind in DECLARATIVE_KINDS:
                about[kind] |= key.startswith(f"{kind.value}.")
    granted = [one.source.facts for one in declared.values() if one.name.kind in DECLARATIVE_KINDS]
    scopes = [facts.scope for facts in granted if isinstance(facts, GrantFacts)]
    roles = {role for s in scopes if s is not None for role in (s.creator, s.grantee) if role is not None}
    grants = about[Kind.GRANT] or about[Kind.DEFAULT_PRIVILEGES]
    following = tuple((n, snapshot.objects[n].address) for n in signatures if n in snapshot.objects)
    return DriftChecks(
        tuple(definitions),
        tuple(wordings),
        tuple(recorded),
        tuple(claimed),
        about[Kind.COMMENT],
        grants,
        about[Kind.FIRING],
        tuple(sorted(roles)),
        following,
    )


def differences(
    declared: Mapping[ObjectName, Declared],
    snapshot: Snapshot,
    evidence: DriftEvidence,
    same_but_formatting: Callable[[str, str], bool],
    recorded_name: Callable[[str, str | None], ObjectName],
    known: Settled = MappingProxyType({}),
    signatures: Mapping[ObjectName, Signature] = MappingProxyType({}),
) -> tuple[ObjectComparison, ...]:
    """Compare every declared and every recorded object (rule 3.1), in the order of the sources, deleted ones last.

    `recorded_name` finds out which object a recorded name was about. Where that is a declared object that is not
    recorded under its own name, the row is that object's: pgmg has learned to spell its name as the server does, or
    more is known of it now.
    """
    names = {str(name): name for name in declared}
    rows = {names[key]: row for key, row in snapshot.state.items() if key in names}
    others = {key: row for key, row in snapshot.state.items() if key not in names}
    deleted = []
    for key, row in others.items():
        recorded = evidence.recorded.get(row.name)
        name = recorded_name(key, recorded)
        if name in declared and name not in rows:
            rows[name] = row
        else:
            deleted.append((name, row, recorded))
    found = []
    attachments = LiveAttachments.of(declared, snapshot, evidence)
    for one in declared.values():
        before = known.get(one.name)
        if before is None or before.declared is not one:
            before = _one(one, rows.get(one.name), attachments, same_but_formatting)
        if one.name in signatures:
            before = _with_signature(before, signatures[one.name], evidence)
        found.append(before)
    for name, row, recorded in deleted:
        live = snapshot.objects.get(name)
        origin, claim = evidence.applied_from.get(row.name), evidence.claims.get(row.name)
        change = ChangeKind.DELETED
        found.append(ObjectComparison(name, change, None, live, row, recorded, applied_from=origin, claim=claim))
    return tuple(found)


def _one(
    declared: Declared,
    row: StateRow | None,
    attachments: LiveAttachments,
    same_but_formatting: Callable[[str, str], bool],
) -> ObjectComparison:
    name, source = declared.name, declared.source
    snapshot, evidence = attachments.snapshot, attachments.evidence
    live = snapshot.objects.get(name)
    present = live is not None if name.kind not in DECLARATIVE_KINDS else attachments.is_there(declared)
    recorded = None if row is None else evidence.recorded.get(row.name)
    is_renamed = row is not None and row.name != str(name)
    text = evidence.definitions.get(name)

    def difference(change: ChangeKind | None, *, rebaseline: bool = False) -> ObjectComparison:
        key = str(name) if row is None else row.name
        origin, claim = evidence.applied_from.get(key), evidence.claims.get(key)
        wording = evidence.wordings.get(key)
        return ObjectComparison(name, change, declared, live, row, recorded, text, wording, rebaseline, origin, claim)

    if row is None or row.is_of_original:
        return difference(ChangeKind.ADOPTED if present else ChangeKind.NEW)
    if row.hash != source.hash:
        return difference(_edited(name, recorded, source.sql, same_but_formatting, present=present))
    if name.kind in DECLARATIVE_KINDS:
        if present and attachments.holds(declared):
            return difference(None, rebaseline=is_renamed)
        return difference(ChangeKind.DRIFTED if present else ChangeKind.MISSING)
    if live is None:
        return difference(None if row.version is None and _is_null(declared) else ChangeKind.MISSING)
    if row.version is None and _is_null(declared):
        return difference(ChangeKind.DRIFTED)
    if row.version == live.stamp:
        moved = row.path != source.location.path or row.file_hash != source.file_hash
        return difference(None, rebaseline=moved or is_renamed)
    if _drifted(declared, row, text, evidence.wordings.get(row.name), snapshot.server.version_num):
        return difference(ChangeKind.DRIFTED)
    return difference(None, rebaseline=True)


def _is_null(declared: Declared) -> bool:
    """Tell whether a default of NULL is declared for a view's column, of which the server may keep nothing.

    It keeps none of `NULL::text`, and one of NULL as a domain or with a length, which it computes.
    """
    facts = declared.source.facts
    if declared.name.kind is not Kind.COLUMN_DEFAULT or not isinstance(facts, DefinitionFacts):
        return False
    return _NULL.match(dict(facts.options)["default"]) is not None


def _with_signature(found: ObjectComparison, signature: Signature, evidence: DriftEvidence) -> ObjectComparison:
    """Return a comparison as modified where a column has another type now than when the routine was created."""
    values, declared = evidence.signatures.get(found.name), found.declared
    if found.change is not None or values is None or declared is None:
        return found
    if has_signature(values, declared.source, signature):
        return found
    return replace(found, change=ChangeKind.MODIFIED, recorded_sql=declared.source.sql, rebaseline=False)


def _edited(
    name: ObjectName,
    recorded: str | None,
    sql: str,
    same_but_formatting: Callable[[str, str], bool],
    *,
    present: bool,
) -> ChangeKind:
    """Return what kind of change another hash stands for."""
    descriptive = name.kind in DECLARATIVE_KINDS
    if not present and not descriptive:
        return ChangeKind.MISSING
    formatting = recorded is not None and same_but_formatting(recorded, sql)
    return ChangeKind.FORMATTING if formatting and present else ChangeKind.MODIFIED


def _drifted(declared: Declared, row: StateRow, text: str | None, applied: str | None, version_num: int) -> bool:
    """Say whether the database's own definition is not the one that was applied.

    An unknown baseline is taken anew, and another major version may spell the same thing differently (rule 3.2). So
    may a server that has read its own words, as after dump and restore. Options that only somebody set by hand stay
    (rule 3.6).
    """
    if text is None or row.definition_hash is None or row.definition_hash == definition_hash(text):
        return False
    if applied is not None and (same_wording(applied, text) or _is_same_operator(declared.name, applied, text)):
        return False
    if row.server_version is None or row.server_version // 10000 != version_num // 10000:
        return False
    return not (
        applied is not None
        and differ_in_options(declared.name, applied, text)
        and _has_options(declared, text)
        and _is_where_it_was(declared, applied, text)
    )


def _is_same_operator(name: ObjectName, applied: str, live: str) -> bool:
    """Tell whether texts of an operator say the same, but for a commutator or negator that one of them leaves out.

    The server links two operators when the second one is created, and may forget one link: which it knows depends on
    the order in which they were created.
    """
    if name.kind is not Kind.OPERATOR:
        return False
    from pgmg.planning.kinds.equal_definitions import is_same_operator

    return is_same_operator(applied, live)


def differ_in_options(name: ObjectName, applied: str, live: str) -> bool:
    """Tell whether two of the server's texts of a relation say the same but for its options and where it is stored."""
    if name.kind not in _WITH_OPTIONS:
        return False
    from pgmg.source.grammar.rewriting import without_options

    one, other = (without_options(text, without_storage=True) for text in (applied, live))
    return same_wording(one, other)


def _has_options(declared: Declared, live: str) -> bool:
    """Tell whether the server's text has every option that is declared, with a value that means the same."""
    from pgmg.model.database.option_values import holds

    found = dict(option for one in parse_recorded(live) for option in stated_options(one.facts).items())
    return all(holds(found, name, value) for name, value in stated_options(declared.source.facts).items())


def _is_where_it_was(declared: Declared, applied: str, live: str) -> bool:
    """Say whether the tablespace and the access method that are declared are those with which it was applied."""
    facts = declared.source.facts
    stated = facts.storage if isinstance(facts, ViewFacts | IndexFacts) else ()
    if not stated:
        return True
    from pgmg.source.grammar.indexes import stated_storage

    before, now = stated_storage(applied), stated_storage(live)
    return all(before.get(what) == now.get(what) for what in stated)


def deletions(found: Iterable[ObjectComparison]) -> tuple[ObjectComparison, ...]:
    """Return the deleted ones."""
    return tuple(d for d in found if d.change is ChangeKind.DELETED)
