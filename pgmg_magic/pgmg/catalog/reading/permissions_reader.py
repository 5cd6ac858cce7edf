"""Asks what our role may do with what a plan touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.model.plans.permissions import Held, Need, Permissions, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg


def read_permissions(conn: psycopg.Connection[Row], user: str, needs: Iterable[Need], state_schema: str) -> Permissions:
    """Ask about all needs in one question, and in another one about those of statements on rows."""
    names: dict[Subject, set[str]] = {subject: set() for subject in Subject}
    for need in needs:
        names[need.subject].add(need.key)
        if need.alternative is not None:
            names[Subject.ROLE].add(need.alternative)
    roles, schemas, tables = (sorted(names[s]) for s in (Subject.ROLE, Subject.SCHEMA, Subject.TABLE))
    rows = conn.execute(query("held_privileges"), [roles, schemas, state_schema, tables]).fetchall()
    used = [sorted(names[s]) for s in (Subject.USAGE, Subject.ROWS, Subject.ROUTINE)]
    if any(used):
        rows += conn.execute(query("held_row_privileges"), used).fetchall()
    return Permissions(user, {(Subject(kind), name): Held(*held) for kind, name, *held in rows})
