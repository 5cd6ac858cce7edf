"""CREATE DOMAIN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DomainConstraint, DomainFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import expression, parts, pb, type_name
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import references_of
from pgmg.source.refused_statements import refuse_temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a domain."""
    tree = statement.tree
    name = parts(tree.domainname)
    refuse_temporary_name(statement, name, "domain")
    constraints = [node.constraint for node in tree.constraints]
    kinds = {constraint.contype for constraint in constraints}
    defaults = [expression(c.raw_expr) for c in constraints if c.contype == pb.CONSTR_DEFAULT]
    facts = DomainFacts(
        base=type_name(tree.type_name),
        collation=parts(tree.coll_clause.collname) if tree.HasField("coll_clause") else None,
        default=defaults[-1] if defaults else None,
        not_null=pb.CONSTR_NOTNULL in kinds,
        constraints=tuple(
            DomainConstraint(c.conname or None, expression(c.raw_expr))
            for c in constraints
            if c.contype == pb.CONSTR_CHECK
        ),
    )
    yield Declaration(Target(Kind.DOMAIN, name), facts, references_of(tree))


READERS: Readers = {"create_domain_stmt": read}
