"""Tells whether what the database has already is what is declared: then adopting it executes nothing (rule 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Aspect
from pgmg.model.naming.names import Kind
from pgmg.model.naming.roles import EVERYBODY
from pgmg.model.sources.facts import DefinitionFacts, PolicyFacts, RangeFacts, ViewFacts
from pgmg.source import parse_recorded
from pgmg.source.grammar.rewriting import (
    same_definition,
    same_expression,
    same_query,
    stated_members,
    text_search_mappings,
    with_members,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgmg.model.database.catalog_details import Definition
    from pgmg.planning.kinds.rules import ObjectDiff

_BY_CLAUSES = frozenset(
    {
        Kind.OPERATOR,
        Kind.COLLATION,
        Kind.TEXT_SEARCH_DICTIONARY,
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TEXT_SEARCH_PARSER,
        Kind.TEXT_SEARCH_TEMPLATE,
    }
)
_SYNONYMS = {"procedure": "function"}
_DEFAULTS = {
    Kind.OPERATOR: {"hashes": "false", "merges": "false"},
    Kind.COLLATION: {"provider": "libc", "deterministic": "true"},
}
_FROM_ELSEWHERE = frozenset({"commutator", "negator"})
"""Clauses that another operator may have added: they count where both sides state them."""
_COPIES = {Kind.COLLATION: "from", Kind.TEXT_SEARCH_CONFIGURATION: "copy"}


def is_equal(case: ObjectDiff) -> bool:
    """Compare the server's definition with the source, as far as each of them states something."""
    if case.definition is None or not case.definition.text:
        return False
    if case.name.kind in (Kind.VIEW, Kind.MATERIALIZED_VIEW):
        return case.same_wording or says_the_same(case.definition, case.source.facts)
    if same_definition(_whole(case.definition, case.source.sql), case.source.sql):
        return True
    if case.name.kind is Kind.POLICY:
        return any(_is_same_policy(case, shown, case.source.facts) for shown in _shown(case.definition))
    if case.name.kind not in _BY_CLAUSES or not isinstance(case.source.facts, DefinitionFacts):
        return False
    if case.name.kind is Kind.TEXT_SEARCH_CONFIGURATION and not _has_mappings(case.definition.text, case.source.sql):
        return False
    wanted = _clauses(case.name.kind, case.source.facts)
    if (copied := wanted.pop(_COPIES.get(case.name.kind, ""), None)) is not None:
        return not wanted and any(_is_same_name(copied, name) for name in case.facts.get("same_as") or ())
    shown = [_clauses(case.name.kind, facts) for facts in _shown(case.definition) if isinstance(facts, DefinitionFacts)]
    return any(_is_same(live, wanted) for live in shown)


def _whole(definition: Definition, sql: str) -> str:
    """Return the server's text; of an operator class, with the members in its family that its source states."""
    added = [one.statement for one in definition.properties if one.aspect is Aspect.MEMBER]
    return with_members(definition.text, stated_members(sql, definition.text, added)) if added else definition.text


def says_the_same(definition: Definition, facts: object) -> bool:
    """Compare the text of a view's query with the server's, as far as that can be told from texts."""
    return any(_is_same_view(shown, facts) for shown in _shown(definition))


def says_the_same_range(definition: Definition, facts: RangeFacts, implied: frozenset[str]) -> bool:
    """Compare the clauses of a range with the server's; it chooses those in `implied` where nobody states them."""
    wanted = dict(facts.options)
    for live in (dict(shown.options) for shown in _shown(definition) if isinstance(shown, RangeFacts)):
        names = (wanted.keys() | (live.keys() - implied)) - {"subtype"}
        return all(name in live and name in wanted and _is_same_name(live[name], wanted[name]) for name in names)
    return False


def is_same_operator(one: str, other: str) -> bool:
    """Compare two of the server's texts of an operator; a link to another operator counts where both state it."""
    found = (source.facts for text in (one, other) for source in parse_recorded(text))
    clauses = [_clauses(Kind.OPERATOR, facts) for facts in found if isinstance(facts, DefinitionFacts)]
    return len(clauses) == len((one, other)) and _is_same(*clauses)


def _shown(definition: Definition) -> Iterator[object]:
    """Yield the facts of the server's own definition."""
    for text in (definition.text, *definition.create):
        yield from (source.facts for source in parse_recorded(text))


def _is_same_view(shown: object, facts: object) -> bool:
    if not isinstance(shown, ViewFacts) or not isinstance(facts, ViewFacts):
        return False
    return same_query(shown.query, shown.columns or (), facts.query, facts.columns or ())


def _is_same_policy(case: ObjectDiff, shown: object, facts: object) -> bool:
    """Compare policies whose roles may be key words: the server keeps the roles that they meant."""
    if not isinstance(shown, PolicyFacts) or not isinstance(facts, PolicyFacts) or case.attachments is None:
        return False
    roles = {case.attachments.role(word) for word in facts.roles or (EVERYBODY,)}
    return (
        (shown.command, shown.permissive) == (facts.command, facts.permissive)
        and {case.attachments.role(word) for word in shown.roles or (EVERYBODY,)} == roles
        and _is_same_expression(shown.using, facts.using)
        and _is_same_expression(shown.check, facts.check)
    )


def _is_same_expression(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return same_expression(one, other)


def _has_mappings(live: str, wanted: str) -> bool:
    """Compare the mappings that two configurations state; one that is copied states those that it adds."""
    shown, said = text_search_mappings(live), text_search_mappings(wanted)
    if not said:
        return said is not None
    if shown is None or shown.keys() != said.keys():
        return False
    return all(
        len(shown[token]) == len(said[token])
        and all(_is_same_name(*pair) for pair in zip(shown[token], said[token], strict=True))
        for token in said
    )


def _clauses(kind: Kind, facts: DefinitionFacts) -> dict[str, str]:
    defaults = _DEFAULTS.get(kind, {})
    found = {_SYNONYMS.get(name, name): value for name, value in facts.options if not name.startswith("mapping ")}
    if kind is Kind.COLLATION:
        found = _of_collation(found)
    return {name: value for name, value in found.items() if defaults.get(name) != value.lower()}


def _of_collation(clauses: Mapping[str, str]) -> dict[str, str]:
    """Say `locale` where both of its halves are the same, and language tags in one spelling."""
    found = dict(clauses)
    if found.get("lc_collate") is not None and found.get("lc_collate") == found.get("lc_ctype"):
        found["locale"] = found.pop("lc_collate")
        del found["lc_ctype"]
    if found.get("provider", "").lower() == "icu" and "locale" in found:
        found["locale"] = found["locale"].replace("_", "-").lower()
    return {name: value.lower() if name == "provider" else value for name, value in found.items()}


def _is_same(live: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    names = (live.keys() | wanted.keys()) - (_FROM_ELSEWHERE - (live.keys() & wanted.keys()))
    return all(name in live and name in wanted and _is_same_name(live[name], wanted[name]) for name in names)


def _is_same_name(one: str, other: str) -> bool:
    """Compare names of which either may leave out the schema; anything else is compared as it is."""
    if one == other:
        return True
    (one_schema, _, one_name), (other_schema, _, other_name) = one.rpartition("."), other.rpartition(".")
    return one_name == other_name and not (one_schema and other_schema)
