"""Finds adopted objects whose text is not what the database shows: the server is asked whether it stores the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import WordingQuestion
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import Notice
from pgmg.model.sources.stand_in import StandInQuestion
from pgmg.planning.kinds.equal_definitions import says_the_same
from pgmg.source.grammar.rewriting import same_definition, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgmg.model.database.catalog_details import CatalogDetails, Definition
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.resolve.declared import Declared

_WITH_STAND_INS = frozenset(
    {
        Kind.FUNCTION,
        Kind.PROCEDURE,
        Kind.AGGREGATE,
        Kind.TYPE,
        Kind.DOMAIN,
        Kind.COLLATION,
        Kind.TEXT_SEARCH_DICTIONARY,
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TRIGGER,
        Kind.RULE,
        Kind.POLICY,
        Kind.INDEX,
        Kind.STATISTICS,
        Kind.COLUMN_DEFAULT,
    }
)
"""Kinds that any role may create in `pg_temp`, or on a relation there."""
_WITHOUT_NAMES = frozenset({Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY, Kind.CAST})
"""Kinds of objects that a definition may use without naming them."""
_OF_STAND_INS = re.compile(r"\bpg_temp(_\d+)?\.")


def wording_questions(
    resolved: ResolvedProject, found: Iterable[ObjectComparison], details: CatalogDetails
) -> tuple[tuple[WordingQuestion, ...], tuple[StandInQuestion, ...]]:
    """Return the questions about views, and those about other objects.

    None about what a pending migration may change: what the server will store then is not known yet.
    """
    touched = _touched_by_migrations(resolved)
    if touched is None:
        return (), ()
    views: list[WordingQuestion] = []
    others: list[StandInQuestion] = []
    for declared, definition in _adopted(found, details):
        name, source, address = declared.name, declared.source, definition.address
        facts = source.facts
        if not touched.isdisjoint(_names(declared)):
            continue
        if isinstance(facts, ViewFacts):
            if not says_the_same(definition, facts):
                views.append(WordingQuestion(name, address, facts.query, facts.columns, source.settings))
        elif name.kind in _WITH_STAND_INS and not same_definition(definition.text, source.sql):
            copy = stand_in(source.sql)
            if copy is not None:
                others.append(StandInQuestion(name, address, copy, source.settings))
    return tuple(views), tuple(others)


def _touched_by_migrations(resolved: ResolvedProject) -> frozenset[str] | None:
    """Return the names, without schemas, of everything that pending migrations are about; None where that is unknown.

    An object of such a name may take the place of another one, or be another overload. A new operator or cast may be
    used without its name.
    """
    if resolved.expected is None:
        return None
    found: set[str] = set()
    for statement in resolved.timeline.statements:
        if statement.may_notice_all:
            return None
        for operation in statement.operations:
            if operation.name.kind in _WITHOUT_NAMES:
                return None
            found |= {n.name for n in (operation.name, operation.name.parent, operation.becomes) if n is not None}
    return frozenset(found)


def _names(declared: Declared) -> set[str]:
    parent = declared.name.parent
    return {declared.name.name, *((parent.name,) if parent else ()), *(use.object.name for use in declared.uses)}


def _adopted(found: Iterable[ObjectComparison], details: CatalogDetails) -> Iterator[tuple[Declared, Definition]]:
    for difference in found:
        if difference.change is not ChangeKind.ADOPTED or difference.live is None or difference.declared is None:
            continue
        definition = details.closure.definitions.get(difference.live.address)
        if definition is not None and definition.text:
            yield difference.declared, definition


def same_as_stored(
    questions: Iterable[StandInQuestion], wordings: Mapping[ObjectName, str], details: CatalogDetails
) -> frozenset[ObjectName]:
    """Return the objects that the database has as they are declared: both definitions are worded by the server."""
    definitions = details.closure.definitions
    return frozenset(
        one.name
        for one in questions
        if one.name in wordings and _are_same(_bare(definitions[one.address].text), _bare(wordings[one.name]))
    )


def unasked_notices(
    questions: Iterable[WordingQuestion | StandInQuestion], plan: Plan, why_not: str
) -> Iterator[Notice]:
    """Yield a warning that names the steps which the answers to the questions might have spared."""
    asked = {question.name for question in questions}
    names = sorted({str(step.object) for step in plan.steps if step.object in asked})
    if names:
        question = "whether the database has this as it is declared could not be asked"
        result = "It may be replaced or created again without need."
        yield Notice("unasked", f"{', '.join(names)}: {question}, because {why_not}. {result}")


def _are_same(stored: str, declared: str) -> bool:
    return same_definition(stored, declared) and same_definition(declared, stored)  # both say everything


def _bare(text: str) -> str:
    """Return a definition without the schema of stand-ins."""
    return _OF_STAND_INS.sub("", text)
