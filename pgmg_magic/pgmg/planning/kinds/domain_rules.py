"""Domains: default, NOT NULL and constraints change in place; another base type does not."""

from __future__ import annotations

from pgmg.model.naming.names import Kind
from pgmg.model.naming.quoting import quote
from pgmg.model.naming.type_identity import plain_type
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import DomainConstraint, DomainFacts
from pgmg.planning.kinds.domain_constraints import constraint_names
from pgmg.planning.kinds.enum_composite_range import recreate_or_refuse
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, Rules, Strategy
from pgmg.planning.resolve.sql_names import qualified
from pgmg.source.grammar.rewriting import same_but_formatting, same_expression


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Compare clause by clause (PostgreSQL: ALTER DOMAIN)."""
    facts = case.source.facts
    assert isinstance(facts, DomainFacts)
    base = plain_type(str(case.facts.get("base") or ""))
    if case.facts.get("form") != "d" or plain_type(case.column_type(facts.base)) != base:
        return recreate_or_refuse(case, "its base type changes")
    live_collation = str(case.facts.get("collation") or "").rpartition(".")[2].strip('"')
    if (facts.collation[-1] if facts.collation else "") != live_collation:
        return recreate_or_refuse(case, "its collation changes")
    alter = f"ALTER DOMAIN {qualified(case.name)}"
    dropped, added = _constraints(case, facts)
    clauses = [
        # a constraint is gone already where something that it uses is recreated
        *(f"DROP CONSTRAINT IF EXISTS {quote(name)}" for name in dropped),
        *(_add(constraint) for constraint in added),
        *_default(case, facts),
        *_not_null(case, facts),
    ]
    statements = tuple(f"{alter} {clause}" for clause in clauses)
    return AlterInPlace(Action.ALTER, statements, "", redefines=frozenset(dropped))


def _default(case: ObjectDiff, facts: DomainFacts) -> list[str]:
    live = case.facts.get("default")
    if facts.default is None:
        return [] if live is None else ["DROP DEFAULT"]
    before = _previous(case)
    if before is None and live is not None and same_expression(live, facts.default):
        return []
    if before is not None and before.default is not None and live is not None:
        same = same_but_formatting(f"SELECT {before.default}", f"SELECT {facts.default}")
        if same and case.change is not ChangeKind.DRIFTED:
            return []
    return [f"SET DEFAULT {facts.default}"]


def _not_null(case: ObjectDiff, facts: DomainFacts) -> list[str]:
    if facts.not_null == bool(case.facts.get("not_null")):
        return []
    return ["SET NOT NULL" if facts.not_null else "DROP NOT NULL"]


def _constraints(case: ObjectDiff, facts: DomainFacts) -> tuple[list[str], list[DomainConstraint]]:
    """Return what the last source declared and this one does not, and what is new; by hand added ones stay."""
    live = [row[0] for row in case.facts.get("constraints") or ()]
    before = _previous(case)
    if case.change is ChangeKind.DRIFTED:  # what is declared is created anew, what somebody added stays
        names = constraint_names(case.name.name, facts.constraints)
        return [name for name in live if name in names], list(facts.constraints)
    if before is None:
        # nothing but an equal name and expression tells which live constraint stands for which declared one
        shown = dict(case.facts.get("constraints") or ())
        named = zip(constraint_names(case.name.name, facts.constraints), facts.constraints, strict=True)
        equal = {name: c for name, c in named if name in shown and _is_equal(shown[name], c)}
        return [n for n in live if n not in equal], [c for c in facts.constraints if c not in equal.values()]
    old = dict(zip(constraint_names(case.name.name, before.constraints), before.constraints, strict=True))
    kept: set[str] = set()
    added = []
    for constraint in facts.constraints:
        twin = next((n for n, c in old.items() if n not in kept and n in live and _same(c, constraint)), None)
        if twin is None:
            added.append(constraint)
        else:
            kept.add(twin)
    return [name for name in old if name not in kept and name in live], added


def _same(old: DomainConstraint, new: DomainConstraint) -> bool:
    return old.name == new.name and same_but_formatting(f"SELECT {old.expression}", f"SELECT {new.expression}")


def _is_equal(shown: str, constraint: DomainConstraint) -> bool:
    """Compare the server's `CHECK (…)` with a declared constraint."""
    return same_expression(shown.removeprefix("CHECK ").removesuffix(" NOT VALID"), constraint.expression)


def _add(constraint: DomainConstraint) -> str:
    named = f"CONSTRAINT {quote(constraint.name)} " if constraint.name else ""
    return f"ADD {named}CHECK ({constraint.expression})"


def _previous(case: ObjectDiff) -> DomainFacts | None:
    before = case.previous.facts if case.previous else None
    return before if isinstance(before, DomainFacts) else None


RULES = Rules(frozenset({Kind.DOMAIN}), choose_strategy)
