"""Compares declared privileges with live ones and spells the difference as GRANT and REVOKE (rules 1.3, 3.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.naming.quoting import quote
from pgmg.model.naming.roles import EVERYBODY, role_sql
from pgmg.model.sources.facts import GrantFacts, Privilege

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.database.catalog_details import Privileges

_TABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_COLUMN = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
_MAINTAIN = 170000
_FOR_EVERYBODY = {
    **dict.fromkeys(ROUTINES, frozenset({"EXECUTE"})),
    **dict.fromkeys(TYPES | {Kind.LANGUAGE}, frozenset({"USAGE"})),
}
"""The privileges of PUBLIC on a new object (acldefault in the server's acl.c)."""


@dataclass(frozen=True, slots=True)
class ObjectAcl:
    """The privileges on one object of the database, and its owner; `owner` is None where that is not known."""

    privileges: tuple[Privileges, ...]
    owner: str | None = None

    def given_to(self, owner: str) -> ObjectAcl:
        """Return what ALTER … OWNER TO leaves: the new owner takes the place of the old one (aclnewowner)."""
        if self.owner is None or owner == self.owner:
            return self

        def instead(role: str) -> str:
            return owner if role == self.owner else role

        moved = (replace(p, grantor=instead(p.grantor), grantee=instead(p.grantee)) for p in self.privileges)
        return ObjectAcl(tuple(dict.fromkeys(moved)), owner)


def every(kind: Kind, version_num: int) -> tuple[str, ...]:
    """Return what ALL PRIVILEGES means for a kind of object on a server version."""
    if kind is Kind.SEQUENCE:
        return ("USAGE", "SELECT", "UPDATE")
    if kind in RELATIONS:
        return (*_TABLE, "MAINTAIN") if version_num >= _MAINTAIN else _TABLE
    if kind in ROUTINES:
        return ("EXECUTE",)
    if kind is Kind.SCHEMA:
        return ("USAGE", "CREATE")
    if kind is Kind.OTHER:  # large objects, of which only default privileges speak
        return ("SELECT", "UPDATE")
    return ("USAGE",)


def expanded(facts: GrantFacts, kind: Kind, version_num: int) -> tuple[Privilege, ...]:
    """Spell out ALL, later statements outweighing earlier ones about the same privilege.

    REVOKE of a privilege takes it from the single columns as well (PostgreSQL: REVOKE).
    """
    state: dict[tuple[str, str | None], Privilege] = {}
    for item in facts.privileges:
        names = every(kind, version_num) if item.column is None else _COLUMN
        for name in names if item.privilege.startswith("ALL") else (item.privilege,):
            if not item.granted and item.column is None:
                state = {key: known for key, known in state.items() if key[0] != name or key[1] is None}
            key = (name, item.column)
            before = state.pop(key, None)
            if item.option_only and before is not None:
                state[key] = replace(before, grantable=False)
            else:  # GRANT without the option leaves an option that is there
                keeps = before is not None and before.granted and before.grantable and item.granted
                state[key] = replace(item, privilege=name, grantable=item.grantable or keeps)
    return tuple(state.values())


def lacking(
    facts: GrantFacts, grantee: str, kind: Kind, version_num: int, live: ObjectAcl | None
) -> tuple[Privilege, ...]:
    """Return the declared privileges (and absences) that the database does not show; None: it is yet to be made.

    `grantee` is a role's name. REVOKE reaches only what the owner has granted. What a REVOKE of a whole privilege
    takes away from single columns, declared or not, is granted again.
    """
    declared = expanded(facts, kind, version_num)
    if live is None:
        return declared
    held = [p for p in live.privileges if p.grantee == grantee]
    have: dict[tuple[str, str | None], bool] = {}
    for p in held:
        have[p.privilege, p.column] = p.grantable or have.get((p.privilege, p.column), False)
    by_owner = {(p.privilege, p.column) for p in held if live.owner is None or p.grantor == live.owner}
    wanting = {}
    for item in declared:
        key = (item.privilege, item.column)
        if item.option_only:
            is_wanting = have.get(key, False)
        elif item.granted:
            is_wanting = key not in have or (item.grantable and not have[key])
        else:
            is_wanting = key in by_owner
        if is_wanting:
            wanting[key] = item
    taken = {privilege for (privilege, column), item in wanting.items() if column is None and not item.granted}
    swept = [item for item in declared if item.granted and item.column is not None and item.privilege in taken]
    swept += [Privilege(p.privilege, p.column, p.grantable) for p in held if p.column and p.privilege in taken]
    for item in swept:
        wanting.setdefault((item.privilege, item.column), item)
    return tuple(wanting.values())


def satisfied(facts: GrantFacts, grantee: str, kind: Kind, version_num: int, live: ObjectAcl) -> bool:
    """Say whether the database shows all that is declared."""
    return not lacking(facts, grantee, kind, version_num, live)


def no_longer(
    before: GrantFacts, after: GrantFacts | None, kind: Kind, version_num: int, initial: frozenset[str]
) -> tuple[Privilege, ...]:
    """Return what the last applied source granted (or took away) and the new one no longer says (rule 3.6).

    `initial` is what the role may do with a new object by itself: such a privilege does not go with a GRANT, and is
    all that returns with a REVOKE that goes.
    """
    said = expanded(after, kind, version_num) if after else ()
    kept = {(p.privilege, p.column) for p in said if not p.option_only}
    return tuple(
        p
        for p in expanded(before, kind, version_num)
        if (p.privilege, p.column) not in kept
        and not p.option_only
        and p.granted is not (p.column is None and p.privilege in initial)
    )


def initial_privileges(
    kind: Kind, grantee: str, owner: str | None, defaults: Sequence[Privileges] | None
) -> frozenset[str]:
    """Return what a role may do with a new object that nobody has granted anything on.

    `defaults` are the default privileges in force for such an object, or None where only the server's own are.
    """
    if defaults is not None:
        return frozenset(p.privilege for p in defaults if p.grantee == grantee)
    if grantee == owner:
        return frozenset(every(kind, _MAINTAIN))
    return _FOR_EVERYBODY.get(kind, frozenset()) if grantee == EVERYBODY else frozenset()


def only_option_lost(
    before: GrantFacts, after: GrantFacts | None, kind: Kind, version_num: int, initial: frozenset[str]
) -> tuple[Privilege, ...]:
    """Return what was granted WITH GRANT OPTION and now is without; `initial` as for `no_longer`."""
    now = {(p.privilege, p.column): p for p in expanded(after, kind, version_num)} if after else {}
    lost = []
    for p in expanded(before, kind, version_num):
        after_ = now.get((p.privilege, p.column))
        stays = (
            p.column is None and p.privilege in initial if after_ is None else after_.granted and not after_.grantable
        )
        if p.granted and p.grantable and stays:
            lost.append(p)
    return tuple(lost)


def statements(
    items: Sequence[Privilege], target: str, grantee: str, *, undo: bool = False, prefix: str = ""
) -> tuple[str, ...]:
    """Spell privileges as statements about `target` (`TABLE "public"."v"`); `undo` turns each into its opposite.

    What is revoked comes first. `prefix` stands before each statement: `ALTER DEFAULT PRIVILEGES `.
    """
    said = list(without_option([p for p in items if p.option_only], target, grantee, prefix))
    items = [p for p in items if not p.option_only]
    role = role_sql(grantee)
    said += [
        f"{prefix}REVOKE {_listed(taken)} ON {target} FROM {role}{' CASCADE' if cascade else ''}"
        for cascade in (False, True)
        if (taken := [p for p in items if p.granted is undo and p.cascade is cascade])
    ]
    for grantable in (False, True):
        if given := [p for p in items if p.granted is not undo and (p.grantable and not undo) is grantable]:
            option = " WITH GRANT OPTION" if grantable else ""
            said.append(f"{prefix}GRANT {_listed(given)} ON {target} TO {role}{option}")
    return tuple(said)


def without_option(items: Sequence[Privilege], target: str, grantee: str, prefix: str = "") -> tuple[str, ...]:
    """Spell the loss of the grant option alone."""
    if not items:
        return ()
    return (f"{prefix}REVOKE GRANT OPTION FOR {_listed(items)} ON {target} FROM {role_sql(grantee)}",)


def _listed(items: Sequence[Privilege]) -> str:
    return ", ".join(p.privilege if p.column is None else f"{p.privilege} ({quote(p.column)})" for p in items)
