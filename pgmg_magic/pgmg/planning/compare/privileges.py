"""Compares declared privileges with live ones and spells the difference as GRANT and REVOKE (rules 1.3, 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.facts import GrantFacts, Privilege
from pgmg.model.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.catalog_details import Privileges

_TABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def every(kind: Kind) -> tuple[str, ...]:
    """Return what ALL PRIVILEGES means for a kind of object on every supported server version."""
    if kind is Kind.SEQUENCE:
        return ("USAGE", "SELECT", "UPDATE")
    if kind in RELATIONS:
        return _TABLE
    if kind in ROUTINES:
        return ("EXECUTE",)
    if kind is Kind.SCHEMA:
        return ("USAGE", "CREATE")
    if kind in TYPES or kind is Kind.LANGUAGE:
        return ("USAGE",)
    return ()


def expanded(facts: GrantFacts, kind: Kind) -> tuple[Privilege, ...]:
    """Spell out ALL, later statements outweighing earlier ones about the same privilege."""
    state: dict[tuple[str, str | None], Privilege] = {}
    for item in facts.privileges:
        all_names = every(kind) if item.column is None else ("SELECT", "INSERT", "UPDATE", "REFERENCES")
        for name in all_names if item.privilege.startswith("ALL") else (item.privilege,):
            state[name, item.column] = Privilege(name, item.column, item.grantable, item.granted)
    return tuple(state.values())


def lacking(facts: GrantFacts, grantee: str, kind: Kind, live: Iterable[Privileges] | None) -> tuple[Privilege, ...]:
    """Return the declared privileges (and absences) that the database does not show; None: it is yet to be made."""
    if live is None:
        return expanded(facts, kind)
    have = {(p.privilege, p.column): p.grantable for p in live if p.grantee == grantee}
    return tuple(
        item
        for item in expanded(facts, kind)
        if (item.granted and (item.privilege, item.column) not in have)
        or (item.granted and item.grantable and not have[item.privilege, item.column])
        or (not item.granted and (item.privilege, item.column) in have)
    )


def satisfied(facts: GrantFacts, grantee: str, kind: Kind, live: Iterable[Privileges]) -> bool:
    """Say whether the database shows all that is declared."""
    return not lacking(facts, grantee, kind, live)


def no_longer(before: GrantFacts, after: GrantFacts | None, grantee: str, kind: Kind) -> tuple[Privilege, ...]:
    """Return what the last applied source granted (or took away) and the new one no longer says (rule 3.6).

    What everybody has without any GRANT, a GRANT that goes does not take away.
    """
    kept = {(p.privilege, p.column) for p in expanded(after, kind)} if after else set()
    had_anyway = grantee == "public" and (kind in ROUTINES or kind in TYPES or kind is Kind.LANGUAGE)
    return tuple(
        p for p in expanded(before, kind) if (p.privilege, p.column) not in kept and not (p.granted and had_anyway)
    )


def only_option_lost(before: GrantFacts, after: GrantFacts, kind: Kind) -> tuple[Privilege, ...]:
    """Return what was granted WITH GRANT OPTION and now is without."""
    plain = {(p.privilege, p.column) for p in expanded(after, kind) if p.granted and not p.grantable}
    return tuple(p for p in expanded(before, kind) if p.granted and p.grantable and (p.privilege, p.column) in plain)


def statements(items: Sequence[Privilege], target: str, grantee: str, *, undo: bool = False) -> tuple[str, ...]:
    """Spell privileges as statements about `target` (`TABLE "public"."v"`); `undo` turns each into its opposite."""
    role = "PUBLIC" if grantee == "public" else quote(grantee)
    said = []
    for granted in (False, True):
        for grantable in (False, True):
            chosen = [p for p in items if (p.granted is not undo) is granted and p.grantable is grantable]
            if not chosen:
                continue
            what = _listed(chosen)
            if granted:
                option = " WITH GRANT OPTION" if grantable and not undo else ""
                said.append(f"GRANT {what} ON {target} TO {role}{option}")
            else:
                said.append(f"REVOKE {what} ON {target} FROM {role}")
    return tuple(said)


def without_option(items: Sequence[Privilege], target: str, grantee: str) -> tuple[str, ...]:
    """Spell the loss of the grant option alone."""
    role = "PUBLIC" if grantee == "public" else quote(grantee)
    return (f"REVOKE GRANT OPTION FOR {_listed(items)} ON {target} FROM {role}",) if items else ()


def _listed(items: Sequence[Privilege]) -> str:
    return ", ".join(p.privilege if p.column is None else f"{p.privilege} ({quote(p.column)})" for p in items)
