"""Comments, grants, owners, default privileges: always set or cleared where they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.naming.quoting import literal, quote
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import CommentFacts, DefaultScope, FiringFacts, GrantFacts, OwnerFacts, Privilege
from pgmg.model.sources.firing import Firing
from pgmg.planning.compare.attachments import kind_of_scope
from pgmg.planning.compare.privileges import (
    initial_privileges,
    lacking,
    no_longer,
    only_option_lost,
    statements,
    without_option,
)
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, Refuse, Rules, Strategy
from pgmg.planning.resolve.sql_names import grant_target, qualified, target
from pgmg.source.grammar.rewriting import split_statements

if TYPE_CHECKING:
    from pgmg.model.sources.source import SourceObject
    from pgmg.planning.compare.attachments import LiveAttachments
    from pgmg.planning.compare.privileges import ObjectAcl


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Say only the difference (rules 3.6, 5)."""
    live, parent = case.attachments, case.name.parent
    assert live is not None
    if parent is not None and live.is_unknown(parent):
        return _refused(case, parent)
    match case.source.facts:
        case CommentFacts(text=text) as facts:
            assert parent is not None
            if live.evidence.comments.get(parent) == text:
                return NO_CHANGE
            said = as_written(case) if _is_about_unknown(case) else (comment(parent, facts),)
            return AlterInPlace(Action.COMMENT, said)
        case OwnerFacts(role=role):
            assert parent is not None
            known = live.object(parent)
            is_same = known is not None and known.owner == live.role(role)
            return NO_CHANGE if is_same else AlterInPlace(Action.ALTER, as_written(case))
        case FiringFacts(firing=firing):
            assert parent is not None
            return NO_CHANGE if live.firing(parent) is firing else AlterInPlace(Action.ALTER, as_written(case))
        case GrantFacts(scope=DefaultScope() as scope) as facts:
            said = _difference(case, facts, _about_scope(scope, live))
            return AlterInPlace(Action.GRANT, said) if said else NO_CHANGE
        case GrantFacts() as facts:
            assert parent is not None
            if _is_about_unknown(case):
                return AlterInPlace(Action.GRANT, as_written(case))
            said = _difference(case, facts, _about_object(parent, case.name.detail or "", live))
            return AlterInPlace(Action.GRANT, said) if said else NO_CHANGE
        case _:
            return NO_CHANGE


def _refused(case: ObjectDiff, parent: ObjectName) -> Refuse:
    return Refuse(
        f"{case.source.location}: {case.name} is about {parent}, which is neither declared nor in the database, and "
        "which no pending migration creates.",
        "Correct the name. If it is an object of the server itself (pg_catalog), put the statement into a migration.",
    )


@dataclass(frozen=True, slots=True)
class _About:
    """The subject of privileges: a kind of object, a role, and the privileges that the role has already."""

    kind: Kind
    grantee: str
    held: ObjectAcl | None
    initial: frozenset[str]
    target: str
    prefix: str = ""


def _about_object(name: ObjectName, grantee: str, live: LiveAttachments) -> _About:
    return _About(name.kind, grantee, live.acl(name), live.initial(name, grantee), grant_target(name))


def _about_scope(scope: DefaultScope, live: LiveAttachments) -> _About:
    creator = "" if scope.creator is None else f"FOR ROLE {quote(live.role(scope.creator))} "
    schema = "" if scope.schema is None else f"IN SCHEMA {quote(scope.schema)} "
    kind, grantee = kind_of_scope(scope), live.role(scope.grantee)
    initial = frozenset[str]()
    if scope.schema is None:
        initial = initial_privileges(kind, grantee, live.role(scope.creator or "CURRENT_USER"), None)
    prefix = f"ALTER DEFAULT PRIVILEGES {creator}{schema}"
    return _About(kind, grantee, live.default_acl(scope), initial, scope.objects.upper(), prefix)


def _difference(case: ObjectDiff, facts: GrantFacts, about: _About) -> tuple[str, ...]:
    before, version = _granted(case.previous), case.version_num
    taken = _still_there(no_longer(before, facts, about.kind, version, about.initial), about, case.vanished)
    optional = only_option_lost(before, facts, about.kind, version, about.initial)
    new = lacking(facts, about.grantee, about.kind, version, about.held)
    return (
        *statements(taken, about.target, about.grantee, undo=True, prefix=about.prefix),
        *without_option(optional, about.target, about.grantee, about.prefix),
        *statements(new, about.target, about.grantee, prefix=about.prefix),
    )


def _still_there(items: tuple[Privilege, ...], about: _About, vanished: frozenset[str]) -> tuple[Privilege, ...]:
    """Return what there is to take back: privileges that the role holds, or that a REVOKE has taken."""
    left = tuple(item for item in items if item.column not in vanished)
    if about.held is None:
        return left
    have = {(p.privilege, p.column) for p in about.held.privileges if p.grantee == about.grantee}
    return tuple(item for item in left if item.granted is ((item.privilege, item.column) in have))


def _is_about_unknown(case: ObjectDiff) -> bool:
    """Say whether the object is yet to be created, and its statement tells it from others of its name.

    What the statement then means is for the server to say: it may know a type that no plan can tell before.
    """
    about = case.source.target.parent
    is_certain = about is None or about.kind not in ROUTINES or about.arguments is not None
    parent = case.name.parent
    return is_certain and case.attachments is not None and parent is not None and case.attachments.acl(parent) is None


def as_written(case: ObjectDiff) -> tuple[str, ...]:
    """Return the statements of the source itself, under the settings that the file makes."""
    return (*case.source.settings, *split_statements(case.source.sql))


def removal(
    name: ObjectName,
    previous: SourceObject | None,
    about: LiveAttachments,
    vanished: frozenset[str] = frozenset(),
) -> tuple[Action, tuple[str, ...]]:
    """Return what takes back an attachment whose source is gone; an owner stays (rule 3.6).

    `vanished` are columns and the like that the server said are gone.
    """
    parent, version = name.parent, about.snapshot.server.version_num
    facts = previous.facts if previous is not None else None
    match facts:
        case GrantFacts(scope=DefaultScope() as scope):
            known = _about_scope(scope, about)
        case GrantFacts() if parent is not None:
            known = _about_object(parent, name.detail or "", about)
        case CommentFacts() if parent is not None:
            is_gone = parent.name in vanished or parent not in about.evidence.comments
            return Action.COMMENT, () if is_gone else (comment(parent, replace(facts, text=None)),)
        case FiringFacts(firing=firing) if parent is not None:
            is_as_declared = firing is not Firing.ORIGIN and about.firing(parent) is firing
            return Action.ALTER, (fire(parent, Firing.ORIGIN),) if is_as_declared else ()
        case _:
            return Action.ALTER, ()
    taken = _still_there(no_longer(facts, None, known.kind, version, known.initial), known, vanished)
    optional = only_option_lost(facts, None, known.kind, version, known.initial)
    return Action.REVOKE, (
        *statements(taken, known.target, known.grantee, undo=True, prefix=known.prefix),
        *without_option(optional, known.target, known.grantee, known.prefix),
    )


def comment(about: ObjectName, facts: CommentFacts) -> str:
    """Return the COMMENT ON statement; without a text it clears."""
    word = "FOREIGN " if facts.foreign else ""
    return f"COMMENT ON {word}{target(about)} IS {'NULL' if facts.text is None else literal(facts.text).strip()}"


def fire(name: ObjectName, firing: Firing) -> str:
    """Return the statement that makes a trigger, rule or event trigger fire as said."""
    if name.kind is Kind.EVENT_TRIGGER:
        return f"ALTER {target(name)} {firing.words}"
    assert name.parent is not None
    return f"ALTER TABLE {qualified(name.parent)} {firing.words} {name.kind.sql_keyword.upper()} {quote(name.name)}"


def _granted(previous: SourceObject | None) -> GrantFacts:
    facts = previous.facts if previous is not None else None
    return facts if isinstance(facts, GrantFacts) else GrantFacts(())


RULES = Rules(frozenset({Kind.COMMENT, Kind.GRANT, Kind.OWNER, Kind.FIRING, Kind.DEFAULT_PRIVILEGES}), choose_strategy)
