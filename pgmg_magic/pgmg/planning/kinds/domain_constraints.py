"""Names of a domain's constraints, those that the server chooses included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DomainFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.facts import DomainConstraint
    from pgmg.model.sources.source import SourceObject


def constraint_names(domain: str, constraints: tuple[DomainConstraint, ...]) -> list[str]:
    """Return a name for each constraint: its own, or the server's `email_check`, `email_check1` …"""
    taken = {c.name for c in constraints if c.name}
    names = []
    for constraint in constraints:
        name, number = constraint.name or f"{domain}_check", 0
        while constraint.name is None and name in taken:
            number += 1
            name = f"{domain}_check{number}"
        taken.add(name)
        names.append(name)
    return names


def made_with_domain(domain: str, facts: DomainFacts) -> set[str]:
    """Return the names of all constraints that a declaration makes; PostgreSQL 17 has one for NOT NULL as well."""
    made = set(constraint_names(domain, facts.constraints))
    return made | {f"{domain}_not_null"} if facts.not_null else made


def is_of_domain_source(constraint: ObjectName, sources: Iterable[SourceObject | None]) -> bool:
    """Say whether a constraint is one that the sources of its domain declare: it is created with the domain."""
    domain = constraint.parent
    if constraint.kind is not Kind.CONSTRAINT or domain is None or domain.kind is not Kind.DOMAIN:
        return False
    facts = [s.facts for s in sources if s is not None and isinstance(s.facts, DomainFacts)]
    return any(constraint.name in made_with_domain(domain.name, each) for each in facts)
