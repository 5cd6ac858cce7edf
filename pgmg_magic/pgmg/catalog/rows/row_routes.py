"""Decides how the rows of each view can be asked for: by its own query, over temporary objects, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import psycopg

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.catalog.wording.temporary_objects_reader import why_impossible
from pgmg.model.results.row_questions import Access, Query, RowQuestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.naming.names import ObjectName

_Connection = psycopg.Connection[Row]


class Way(Enum):
    """How a question is asked."""

    DIRECT = auto()
    TEMPORARY = auto()
    """Its temporary objects are created first."""
    NOT = auto()
    """It is not asked: `unknown` says why."""


@dataclass(frozen=True, slots=True)
class Route:
    """One question and how to ask it. `after` is the query to run, None where there is no side after the change.

    `owned` are the temporary objects that must read with the rights of their owners after apply. `denied` is the query
    to which the server says which right is missing, where one is.
    """

    question: RowQuestion
    way: Way
    after: Query | None = None
    owned: frozenset[ObjectName] = frozenset()
    unknown: str | None = None
    denied: Query | None = None


def routes(conn: _Connection, questions: Sequence[RowQuestion]) -> tuple[Route, ...]:
    """Choose a way for each question: one query for the rights of all of them together."""
    read = {access for one in questions if one.after is not None for access in one.after.access}
    read |= {a for one in questions if one.after is not None for made in one.after.temporary for a in made.access}
    differing = _differing(conn, read)
    obstructed = any(
        one.after is not None and (one.after.obstacles or any(a in differing for a in one.after.access))
        for one in questions
    )
    impossible = why_impossible(conn) if obstructed else None
    return tuple(_route(one, differing, impossible) for one in questions)


def _differing(conn: _Connection, access: Iterable[Access]) -> Mapping[Access, bool]:
    """Return what the asking role reads otherwise than the owners do, and whether it may not read it at all."""
    asked = sorted(access, key=lambda a: (a.role, a.relation))
    if not asked:
        return {}
    columns = [[a.role for a in asked], [a.relation[0] for a in asked], [a.relation[1] for a in asked]]
    rows = conn.execute(query("row_access"), columns).fetchall()
    return {Access(role, (schema, name)): lacks for role, schema, name, lacks in rows}


def _route(question: RowQuestion, differing: Mapping[Access, bool], impossible: str | None) -> Route:
    after = question.after
    if after is None:
        return Route(question, Way.DIRECT)
    if after.unknown:
        return Route(question, Way.NOT, unknown="; ".join(after.unknown))
    rights = [access for access in after.access if access in differing]
    if after.inlined is not None and not after.obstacles and not rights:
        return Route(question, Way.DIRECT, after.inlined)
    lacks_rights = not after.obstacles and any(differing[access] for access in rights)
    denied = after.inlined if lacks_rights else None
    why = impossible or after.impossible
    if why is None:
        owned = frozenset(o.name for o in after.temporary if o.owner is not None)
        return Route(question, Way.TEMPORARY, after.query, owned, denied=denied)
    if denied is not None:
        return Route(question, Way.DIRECT, denied)
    reasons = [*after.obstacles, *(_about(access) for access in rights)]
    return Route(question, Way.NOT, unknown=f"{'; '.join(reasons)}; temporary objects are no way: {why}")


def _about(access: Access) -> str:
    relation = ".".join(access.relation)
    return f"{relation} is read with the rights of {access.role}, and other row security policies hold for those"


def without_objects(route: Route, failed: Mapping[ObjectName, str]) -> Route:
    """Return a route as it is once some temporary objects could not be created: with the first one that it needs."""
    after = route.question.after
    for one in after.temporary if after is not None else ():
        if one.name in failed and route.denied is not None:
            return Route(route.question, Way.DIRECT, route.denied)
        if one.name in failed:
            return Route(route.question, Way.NOT, unknown=f"{one.name} cannot be created: {failed[one.name]}")
    return route
