"""ALTER DEFAULT PRIVILEGES: one declaration for each creator, schema, kind of object and role."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefaultScope, GrantFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import deparse, pb, role
from pgmg.source.kinds.base import Declaration, Readers, option_nodes
from pgmg.source.kinds.grant import privileges
from pgmg.source.references.statement_targets import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Split the statement. The parts of the target are the creator and the schema, or nothing, and the objects."""
    tree = statement.tree
    options = option_nodes(tree.options)
    creators, schemas = _listed(options.get("roles")), _listed(options.get("schemas"))
    said = privileges(tree.action)
    combinations = list(product(creators, schemas, tree.action.grantees))
    for creator, schema, grantee in combinations:
        single = tree if len(combinations) == 1 else _single(tree, creator, schema, grantee)
        scope = DefaultScope(
            creator=None if creator is None else role(creator.role_spec),
            schema=None if schema is None else schema.string.sval,
            objects=f"{words(tree.action.objtype).lower()}s",
            grantee=role(grantee.role_spec),
        )
        sql = None if single is tree else deparse(single)
        about = (scope.creator or "", scope.schema or "", scope.objects)
        target = Target(Kind.DEFAULT_PRIVILEGES, about, detail=scope.grantee)
        yield Declaration(target, GrantFacts(said, scope), sql=sql)


READERS: Readers = {"alter_default_privileges_stmt": read}


def _listed(element: Tree | None) -> Sequence[Tree | None]:
    return (None,) if element is None else tuple(element.arg.list.items)


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
