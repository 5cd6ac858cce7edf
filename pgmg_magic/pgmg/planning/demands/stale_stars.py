"""Finds objects that read by `*` something that gets more columns in place: left alone, they show only the old ones."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import BodyQuestion, ShapeQuestion
from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.facts import CompositeFacts, RoutineFacts, ViewFacts
from pgmg.model.sources.source import Reference, RefKind
from pgmg.planning.kinds.rules import AlterInPlace, Strategy
from pgmg.source.grammar.lexer import significant
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgmg.planning.schedule.context import PlanContext

_READERS = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW}


def stale_stars(context: PlanContext, strategies: Mapping[ObjectName, Strategy]) -> dict[ObjectName, ObjectName]:
    """Return objects of unchanged source whose `*` has to be expanded anew, each with what grows below it.

    Views and composite types grow. So does what a function returns whose result is one of them. An object of which the
    server has said that its own `*` is to be expanded is there with itself.
    """
    grown = [
        name for name, strategy in strategies.items() if isinstance(strategy, AlterInPlace) and _grows(name, context)
    ]
    found = {name: name for name in context.outgrown_before if name not in strategies}
    grown += found
    spread = set(grown)
    for read in grown:
        readers = [name for name in _readers(read, context) if _is_stored(name, context)]
        for name in readers:  # one that returns a row of what it reads is among both
            if name not in strategies and context.differences[name].change in (None, ChangeKind.FORMATTING):
                found.setdefault(name, read)
        for name in (*_functions_returning(read, context), *readers):
            if name not in spread and (name in strategies or name in found or _returns(name, read, context)):
                spread.add(name)
                grown.append(name)
    order = {name: position for position, name in enumerate(context.resolved.declared)}
    return dict(sorted(found.items(), key=lambda pair: order[pair[0]]))


def star_readers(context: PlanContext) -> tuple[ShapeQuestion | BodyQuestion, ...]:
    """Return the declared views and parsed bodies with a `*`: the server stores the columns that it stood for."""
    found: list[ShapeQuestion | BodyQuestion] = []
    for name, declared in context.resolved.declared.items():
        source, facts = declared.source, declared.source.facts
        is_stored = isinstance(facts, ViewFacts) or (isinstance(facts, RoutineFacts) and facts.atomic)
        if not is_stored or not (any(r.star for r in source.references) or _expands_a_value(source.sql)):
            continue
        if isinstance(facts, ViewFacts):
            found.append(ShapeQuestion(name, facts.query, facts.columns, source.settings))
        else:
            found.append(BodyQuestion(name, or_replace(source.sql), source.settings))
    return tuple(found)


def _is_stored(name: ObjectName, context: PlanContext) -> bool:
    return name.kind in _READERS and name in context.resolved.snapshot.objects


def _grows(name: ObjectName, context: PlanContext) -> bool:
    shape, live, declared = (
        context.details.shapes.get(name),
        context.details.facts.get(name),
        context.resolved.declared.get(name),
    )
    if live is None:
        return False
    if declared is not None and isinstance(declared.source.facts, CompositeFacts):
        return len(declared.source.facts.attributes) > len(live.values.get("attributes") or ())
    if shape is None or shape.error is not None:
        return False
    return len(shape.columns) > len(live.values.get("columns", ()))


def _functions_returning(read: ObjectName, context: PlanContext) -> Iterator[ObjectName]:
    """Yield the declared functions whose result is a row of a type, view or table."""
    for name, _ in context.declared.users.get(read, ()):
        if _returns(name, read, context):
            yield name


def _returns(name: ObjectName, read: ObjectName, context: PlanContext) -> bool:
    source = context.resolved.declared[name].source
    facts = source.facts
    if not isinstance(facts, RoutineFacts) or facts.result is None:
        return False
    reference = Reference(RefKind.TYPE, facts.result.parts)
    return read in context.resolved.resolver.meant(reference, source.settings)


def _readers(read: ObjectName, context: PlanContext) -> Iterator[ObjectName]:
    """Yield the declared objects that read all columns: those whose text says so, and those that the server knows.

    `(x).*` does not tell of which type the value is. The server keeps that in the dependencies of what it has stored.
    A function whose body is a string is parsed at every call. It follows by itself where it returns rows of what it
    reads.
    """
    for name, use in context.declared.users.get(read, ()):
        if use.star and not (_has_string_body(name, context) and _returns(name, read, context)):
            yield name
    live = context.resolved.snapshot.objects.get(read)
    if live is None or live.address not in context.graph.definitions:
        return
    for link in context.graph.dependents(live.address):
        name = context.graph.name(link.dependent)
        declared = context.resolved.declared.get(name)
        if declared is not None and _expands_a_value(declared.source.sql):
            yield name


def _has_string_body(name: ObjectName, context: PlanContext) -> bool:
    facts = context.resolved.declared[name].source.facts
    return isinstance(facts, RoutineFacts) and not facts.atomic


def _expands_a_value(sql: str) -> bool:
    """Tell whether a text has `(…).*` in it."""
    words = [token.text for token in significant(sql)]
    return any(pair == (".", "*") and words[n - 1] == ")" for n, pair in enumerate(pairwise(words)) if n)
