"""Comments, grants, owners, default privileges: always set or cleared where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.facts import CommentFacts, GrantFacts, OwnerFacts, Privilege
from pgmg.model.names import ROUTINES, Kind, ObjectName
from pgmg.model.plan import Action
from pgmg.model.quoting import literal
from pgmg.planning.compare.privileges import lacking, no_longer, only_option_lost, statements, without_option
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, Rules, Strategy
from pgmg.planning.resolve.sql_names import grant_target, target
from pgmg.source import reversed_default_privileges
from pgmg.source.grammar.rewriting import split_statements

if TYPE_CHECKING:
    from pgmg.model.source import SourceObject


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Say only the difference (rules 3.6, 5)."""
    name, parent = case.name, case.name.parent
    match case.source.facts:
        case CommentFacts(text=text):
            assert parent is not None
            if case.comment == text:
                return NO_CHANGE
            said = as_written(case) if _is_about_unknown(case) else (comment(parent, text),)
            return AlterInPlace(Action.COMMENT, said)
        case OwnerFacts(role=role):
            wanted = case.user if role in ("CURRENT_USER", "SESSION_USER", "CURRENT_ROLE") else role
            return NO_CHANGE if case.owner == wanted else AlterInPlace(Action.ALTER, (case.source.sql,))
        case GrantFacts() as facts if name.kind is Kind.GRANT:
            assert parent is not None
            if _is_about_unknown(case):
                return AlterInPlace(Action.GRANT, as_written(case))
            grantee = name.detail or ""
            about, before = grant_target(parent), _granted(case.previous)
            taken = _on_what_is_left(no_longer(before, facts, grantee, parent.kind), case.vanished)
            new = lacking(facts, grantee, parent.kind, case.privileges if case.privileges or case.owner else None)
            said = (
                *statements(taken, about, grantee, undo=True),
                *without_option(only_option_lost(before, facts, parent.kind), about, grantee),
                *statements(new, about, grantee),
            )
            return AlterInPlace(Action.GRANT, said) if said else NO_CHANGE
        case _:
            return AlterInPlace(
                Action.GRANT, (*undo_default_privileges(case.previous), *split_statements(case.source.sql))
            )


def _is_about_unknown(case: ObjectDiff) -> bool:
    """Say whether the object is yet to be created, and its statement tells it from others of its name.

    What the statement then means is for the server to say: it may know a type that no plan can tell before.
    """
    about = case.source.target.parent
    is_certain = about is None or about.kind not in ROUTINES or about.arguments is not None
    return is_certain and case.owner is None and not case.privileges


def as_written(case: ObjectDiff) -> tuple[str, ...]:
    """Return the statements of the source itself, under the settings that the file makes."""
    return (*case.source.settings, *split_statements(case.source.sql))


def _on_what_is_left(items: tuple[Privilege, ...], vanished: frozenset[str]) -> tuple[Privilege, ...]:
    return tuple(item for item in items if item.column not in vanished)


def removal(
    name: ObjectName, previous: SourceObject | None, vanished: frozenset[str] = frozenset()
) -> tuple[Action, tuple[str, ...]]:
    """Return what takes back an attachment whose source is gone; an owner stays (rule 3.6).

    `vanished` are columns and the like that the server said are gone.
    """
    parent = name.parent
    match name.kind:
        case Kind.COMMENT if parent is not None:
            return Action.COMMENT, () if parent.name in vanished else (comment(parent, None),)
        case Kind.GRANT if parent is not None:
            gone = _on_what_is_left(no_longer(_granted(previous), None, name.detail or "", parent.kind), vanished)
            return Action.REVOKE, statements(gone, grant_target(parent), name.detail or "", undo=True)
        case Kind.DEFAULT_PRIVILEGES:
            return Action.REVOKE, undo_default_privileges(previous)
        case _:
            return Action.ALTER, ()


def comment(about: ObjectName, text: str | None) -> str:
    """Return the COMMENT ON statement; None clears."""
    return f"COMMENT ON {target(about)} IS {'NULL' if text is None else literal(text).strip()}"


def undo_default_privileges(previous: SourceObject | None) -> tuple[str, ...]:
    """Return what takes back the last applied ALTER DEFAULT PRIVILEGES; it says nothing of what exists already."""
    return () if previous is None else reversed_default_privileges(previous.sql)


def _granted(previous: SourceObject | None) -> GrantFacts:
    facts = previous.facts if previous is not None else None
    return facts if isinstance(facts, GrantFacts) else GrantFacts(())


RULES = Rules(frozenset({Kind.COMMENT, Kind.GRANT, Kind.OWNER, Kind.DEFAULT_PRIVILEGES}), choose_strategy)
