"""Comments, grants, owners, default privileges: always set or cleared where they stand."""

from __future__ import annotations

from pgmg.model.facts import CommentFacts, GrantFacts, OwnerFacts
from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import Action
from pgmg.model.quoting import literal
from pgmg.model.source import SourceObject
from pgmg.planning.kinds.base import KEEP, Case, InPlace, Rules, Verdict
from pgmg.planning.privileges import lacking, no_longer, statements
from pgmg.planning.targets import grant_target, target


def judge(case: Case) -> Verdict:
    """Say only the difference (rules 3.6, 5)."""
    name, parent = case.name, case.name.parent
    match case.source.facts:
        case CommentFacts(text=text):
            assert parent is not None
            return KEEP if case.comment == text else InPlace(Action.COMMENT, (comment(parent, text),))
        case OwnerFacts(role=role):
            wanted = case.user if role in ("CURRENT_USER", "SESSION_USER", "CURRENT_ROLE") else role
            return KEEP if case.owner == wanted else InPlace(Action.ALTER, (case.source.sql,))
        case GrantFacts() as facts if name.kind is Kind.GRANT:
            assert parent is not None
            grantee = name.detail or ""
            taken = no_longer(_granted(case.previous), facts, parent.kind)
            new = lacking(facts, grantee, parent.kind, case.privileges)
            said = (
                *statements(taken, grant_target(parent), grantee, undo=True),
                *statements(new, grant_target(parent), grantee),
            )
            return InPlace(Action.GRANT, said) if said else KEEP
        case _:
            return InPlace(Action.GRANT, (*undo_default_privileges(case.previous), case.source.sql))


def removal(name: ObjectName, previous: SourceObject | None) -> tuple[Action, tuple[str, ...]]:
    """Return what takes back an attachment whose source is gone; an owner stays (rule 3.6)."""
    parent = name.parent
    match name.kind:
        case Kind.COMMENT if parent is not None:
            return Action.COMMENT, (comment(parent, None),)
        case Kind.GRANT if parent is not None:
            gone = no_longer(_granted(previous), None, parent.kind)
            return Action.REVOKE, statements(gone, grant_target(parent), name.detail or "", undo=True)
        case Kind.DEFAULT_PRIVILEGES:
            return Action.REVOKE, undo_default_privileges(previous)
        case _:
            return Action.ALTER, ()


def comment(about: ObjectName, text: str | None) -> str:
    """Return the COMMENT ON statement; None clears."""
    return f"COMMENT ON {target(about)} IS {'NULL' if text is None else literal(text).strip()}"


def undo_default_privileges(previous: SourceObject | None) -> tuple[str, ...]:
    """Turn ALTER DEFAULT PRIVILEGES … GRANT … TO into REVOKE … FROM and the other way round."""
    if previous is None:
        return ()
    words = previous.sql.split()
    upper = [word.upper() for word in words]
    if "GRANT" in upper:
        at, to = upper.index("GRANT"), len(upper) - 1 - upper[::-1].index("TO")
        tail = " ".join(words[to + 1 :])
        tail = tail[: tail.upper().find(" WITH GRANT OPTION")] if " WITH GRANT OPTION" in tail.upper() else tail
        return (" ".join([*words[:at], "REVOKE", *words[at + 1 : to], "FROM", tail]),)
    if "REVOKE" in upper:
        at, source = upper.index("REVOKE"), len(upper) - 1 - upper[::-1].index("FROM")
        return (" ".join([*words[:at], "GRANT", *words[at + 1 : source], "TO", *words[source + 1 :]]),)
    return ()


def _granted(previous: SourceObject | None) -> GrantFacts:
    facts = previous.facts if previous is not None else None
    return facts if isinstance(facts, GrantFacts) else GrantFacts(())


RULES = Rules(frozenset({Kind.COMMENT, Kind.GRANT, Kind.OWNER, Kind.DEFAULT_PRIVILEGES}), judge)
