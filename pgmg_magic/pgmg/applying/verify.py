"""Reads again what was restored and compares it with what was noted, before the commit (rule 6.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgmg.applying.error_text import names_object
from pgmg.catalog.catalog_queries import set_path
from pgmg.catalog.closure import read_owned_parts, read_properties
from pgmg.errors import NotRestoredError
from pgmg.model.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plan import Action, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pgmg.model.snapshot import Snapshot

_PASSING = ("REFRESH ", "SET LOCAL ROLE", "RESET ROLE", "CREATE ", "ALTER TABLE ", "ALTER DOMAIN ", "REVOKE")
_DEFAULT = re.compile(r"ALTER VIEW .* SET DEFAULT ")


def verify(conn: psycopg.Connection[Any], steps: Iterable[Step], now: Snapshot) -> None:
    """Compare every restored object with the statements that restored it.

    Raises:
        NotRestoredError: an owner, a privilege, a comment, an option is missing.
    """
    steps = tuple(steps)
    restored = {s.object: s for s in steps if s.action is Action.RESTORE and s.object in now.objects}
    if not restored:
        return
    changed = {_subject(s.object) for s in steps if s.object.kind in PROPERTY_KINDS}
    found = read_properties(conn, [now.objects[name].address for name in restored])
    for name, step in restored.items():
        if step.reread is not None:  # what goes with it may have been restored in the same step
            address = now.objects[name].address
            others = read_properties(conn, read_owned_parts(conn, address))
            found[address] = found[address].union(*others.values())
    set_path(conn, now.server.setting)
    later = {s.number: "\n".join(s.statements) for s in steps if s.migration is not None}
    for name, step in restored.items():
        if name in changed or any(number > step.number and names_object(text, name) for number, text in later.items()):
            continue  # a step of this plan set something else on purpose
        wanted = [s for s in step.statements if not s.startswith(_PASSING) and not _DEFAULT.match(s)]
        missing = [s for s in wanted if s not in found[now.objects[name].address]]
        if missing:
            raise NotRestoredError(
                f"{name} did not come back as it was: {'; '.join(missing)}",
                hint="Nothing has been changed. Please report this with the plan.",
                object=str(name),
            )


def _subject(name: ObjectName) -> ObjectName:
    """Return the object itself that a comment, grant or owner is about: of a column, its relation."""
    about = name.parent or name
    return about.parent if about.kind is Kind.COLUMN and about.parent is not None else about
