"""Finds adopted objects whose text is not what the database shows: the server is asked whether it stores the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.catalog_details import WordingQuestion
from pgmg.model.facts import ViewFacts
from pgmg.model.names import Kind
from pgmg.model.plan import ChangeKind
from pgmg.model.stand_in import StandInQuestion
from pgmg.planning.kinds.equal_definitions import says_the_same
from pgmg.source.grammar.rewriting import same_definition, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgmg.model.catalog_details import CatalogDetails, Definition
    from pgmg.model.names import ObjectName
    from pgmg.model.source import SourceObject
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject

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
_OF_STAND_INS = re.compile(r"\bpg_temp(_\d+)?\.")


def wording_questions(
    resolved: ResolvedProject, found: Iterable[ObjectComparison], details: CatalogDetails
) -> tuple[tuple[WordingQuestion, ...], tuple[StandInQuestion, ...]]:
    """Return the questions about views, and those about other objects.

    None while migrations are pending: what the server would store then is not known yet.
    """
    if resolved.timeline.statements:
        return (), ()
    views: list[WordingQuestion] = []
    others: list[StandInQuestion] = []
    for name, source, definition in _adopted(found, details):
        facts, address = source.facts, definition.address
        if isinstance(facts, ViewFacts):
            if not says_the_same(definition, facts):
                views.append(WordingQuestion(name, address, facts.query, facts.columns, source.settings))
        elif name.kind in _WITH_STAND_INS and not same_definition(definition.text, source.sql):
            copy = stand_in(source.sql)
            if copy is not None:
                others.append(StandInQuestion(name, address, copy, source.settings))
    return tuple(views), tuple(others)


def _adopted(
    found: Iterable[ObjectComparison], details: CatalogDetails
) -> Iterator[tuple[ObjectName, SourceObject, Definition]]:
    for difference in found:
        if difference.change is not ChangeKind.ADOPTED or difference.live is None or difference.declared is None:
            continue
        definition = details.closure.definitions.get(difference.live.address)
        if definition is not None and definition.text:
            yield difference.name, difference.declared.source, definition


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


def _are_same(stored: str, declared: str) -> bool:
    return same_definition(stored, declared) and same_definition(declared, stored)  # both say everything


def _bare(text: str) -> str:
    """Return a definition without the schema of stand-ins."""
    return _OF_STAND_INS.sub("", text)
