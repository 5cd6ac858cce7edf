"""Finds what a migration takes away together with what it speaks of: nothing of that is left to be dropped or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.names import Kind, ObjectName
from pgmg.model.source import Alteration, Effect, Migration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.model.snapshot import Address
    from pgmg.planning.course import Course
    from pgmg.planning.resolve.resolver import Resolver
    from pgmg.planning.web import Web

_PART = {Effect.DROP_CONSTRAINT: Kind.CONSTRAINT, Effect.SET_DEFAULT: Kind.COLUMN_DEFAULT}


def taken_with(alteration: Alteration, was: Iterable[ObjectName], course: Course, web: Web) -> Iterator[Address]:
    """Yield what hangs on a dropped table or column, a dropped constraint, a default that becomes another.

    `course` stands right before the alteration of the objects `was`.
    """
    if alteration.effect not in (Effect.DROP, Effect.DROP_COLUMN, *_PART):
        return
    for name in was:
        address = course.address(name)
        if address is None:
            continue
        column = course.as_read(alteration, address).member
        for link in web.dependents(address):
            dependent = web.name(link.dependent)
            if alteration.effect in _PART:
                is_it = dependent.kind is _PART[alteration.effect] and dependent.name in (alteration.member, column)
            else:
                is_it = link.automatic and (alteration.effect is Effect.DROP or link.column == column)
            if is_it:
                yield link.dependent


def taken_away(
    pending: Iterable[Migration], courses: Iterable[Course], resolver: Resolver, web: Web
) -> frozenset[Address]:
    """Return what pending migrations take away; `courses` stand before each of them."""
    found: set[Address] = set()
    for migration, before in zip(pending, courses, strict=False):
        course = before.copy()
        for alteration in migration.alterations:
            was = resolver.altered(alteration)
            found.update(taken_with(alteration, was, course, web))
            if alteration.effect is Effect.DROP:
                found.update(address for name in was if (address := course.address(name)) is not None)
            course.take(alteration)
    return frozenset(found)
