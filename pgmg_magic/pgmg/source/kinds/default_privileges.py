"""ALTER DEFAULT PRIVILEGES: one declaration for each creator, schema, kind of object and role."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from pgmg.model.facts import GrantFacts
from pgmg.model.names import Kind
from pgmg.model.quoting import spell
from pgmg.model.source import Target
from pgmg.source.grammar.parser import Tree, deparse, parse, pb, role
from pgmg.source.kinds.base import Declaration, Readers, option_nodes
from pgmg.source.kinds.grant import privileges
from pgmg.source.references.statement_targets import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.source.grammar.statements import Parsed


def read(statement: Parsed) -> Iterator[Declaration]:
    """Split the statement; the name reads `for alice in app on tables to bob`."""
    tree = statement.tree
    options = option_nodes(tree.options)
    creators, schemas = _listed(options.get("roles")), _listed(options.get("schemas"))
    facts = GrantFacts(privileges(tree.action))
    combinations = list(product(creators, schemas, tree.action.grantees))
    for creator, schema, grantee in combinations:
        single = tree if len(combinations) == 1 else _single(tree, creator, schema, grantee)
        name = _name(creator, schema, tree.action.objtype, role(grantee.role_spec))
        sql = None if single is tree else deparse(single)
        yield Declaration(Target(Kind.DEFAULT_PRIVILEGES, (name,)), facts, sql=sql)


READERS: Readers = {"alter_default_privileges_stmt": read}


def _listed(element: Tree | None) -> Sequence[Tree | None]:
    return (None,) if element is None else tuple(element.arg.list.items)


def _name(creator: Tree | None, schema: Tree | None, object_type: int, grantee: str) -> str:
    parts = []
    if creator is not None:
        parts.append(f"for {spell(role(creator.role_spec))}")
    if schema is not None:
        parts.append(f"in {spell(schema.string.sval)}")
    parts.append(f"on {words(object_type).lower()}s to {spell(grantee)}")
    return " ".join(parts)


def _single(tree: Tree, creator: Tree | None, schema: Tree | None, grantee: Tree) -> Tree:
    single = pb.AlterDefaultPrivilegesStmt()
    single.CopyFrom(tree)
    del single.options[:]
    for option, value in (("roles", creator), ("schemas", schema)):
        if value is not None:
            element = single.options.add().def_elem
            element.defname = option
            element.defaction = pb.DEFELEM_UNSPEC
            element.arg.list.items.add().CopyFrom(value)
    del single.action.grantees[:]
    single.action.grantees.add().CopyFrom(grantee)
    return single


def reversed_default_privileges(sql: str) -> tuple[str, ...]:
    """Return statements that take back what ALTER DEFAULT PRIVILEGES statements say: GRANT for REVOKE, and back.

    What was said last is taken back first.
    """
    undone = []
    for raw in reversed(parse(sql).stmts):
        tree = raw.stmt.alter_default_privileges_stmt
        tree.action.is_grant = not tree.action.is_grant
        tree.action.grant_option = tree.action.is_grant and tree.action.grant_option  # it alone had been revoked
        tree.action.behavior = pb.DROP_RESTRICT
        undone.append(deparse(tree))
    return tuple(undone)
