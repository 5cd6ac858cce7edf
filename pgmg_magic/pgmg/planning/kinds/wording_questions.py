"""Finds the adopted views whose text is not what the database shows: the server is asked whether it stores the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.catalog_details import WordingQuestion
from pgmg.model.facts import ViewFacts
from pgmg.model.plan import ChangeKind
from pgmg.planning.kinds.equal_definitions import says_the_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.model.catalog_details import CatalogDetails
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject


def wording_questions(
    resolved: ResolvedProject, found: Iterable[ObjectComparison], details: CatalogDetails
) -> tuple[WordingQuestion, ...]:
    """Return the questions. None while migrations are pending: what the server would store then is not known yet."""
    return () if resolved.timeline.statements else tuple(_questions(found, details))


def _questions(found: Iterable[ObjectComparison], details: CatalogDetails) -> Iterator[WordingQuestion]:
    for difference in found:
        if difference.change is not ChangeKind.ADOPTED or difference.live is None or difference.declared is None:
            continue
        source, address = difference.declared.source, difference.live.address
        definition = details.closure.definitions.get(address)
        if not isinstance(source.facts, ViewFacts) or definition is None or says_the_same(definition, source.facts):
            continue
        yield WordingQuestion(difference.name, address, source.facts.query, source.facts.columns, source.settings)
