"""GRANT and REVOKE on objects: one declaration for each object and each role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import GrantFacts, Privilege
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import Tree, deparse, pb, relation_parts, role, strings
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.attachable_targets import checked, parent_of
from pgmg.source.references.statement_targets import reference_to, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Split a GRANT or REVOKE."""
    tree = statement.tree
    if tree.targtype == pb.ACL_TARGET_ALL_IN_SCHEMA:
        raise statement.refused(
            f"{_verb(tree)} … ON ALL {words(tree.objtype)}S IN SCHEMA says nothing about objects that are yet to come",
            f"Name the objects, use ALTER DEFAULT PRIVILEGES … {_verb(tree)} … ON {words(tree.objtype)}S, "
            "or put the statement into a migration.",
        )
    facts = GrantFacts(privileges(tree))
    alone = len(tree.objects) == len(tree.grantees) == 1
    for node in tree.objects:
        parent = _target(statement, node)
        for grantee in tree.grantees:
            target = Target(Kind.GRANT, (), parent=parent, detail=role(grantee.role_spec))
            sql = None if alone else _single(tree, node, grantee)
            yield Declaration(target, facts, reference_to(parent), sql)


def refuse_membership(statement: ParsedStatement) -> tuple[Declaration, ...]:
    """Refuse GRANT role TO role."""
    raise statement.refused(
        f"{_verb(statement.tree)} of a role's membership does not belong under the code folder: roles are not of this "
        "database alone",
        "Put it into a migration.",
    )


READERS: Readers = {"grant_stmt": read, "grant_role_stmt": refuse_membership}


def privileges(tree: Tree) -> tuple[Privilege, ...]:
    """Return what a GRANT or REVOKE says, one entry for each privilege and column."""
    granted, option = tree.is_grant, tree.grant_option
    cascade = not granted and tree.behavior == pb.DROP_CASCADE
    option_only = not granted and option
    if option_only:  # REVOKE GRANT OPTION FOR: the privilege itself stays
        granted, option = True, False
    found: list[Privilege] = []
    for node in tree.privileges:
        columns: Sequence[str | None] = strings(node.access_priv.cols) or (None,)
        name = node.access_priv.priv_name.upper() or "ALL"
        found += [Privilege(name, column, option, granted, cascade, option_only) for column in columns]
    return tuple(found) or (Privilege("ALL", None, option, granted, cascade, option_only),)


def _verb(tree: Tree) -> str:
    return "GRANT" if tree.is_grant else "REVOKE"


def _target(statement: ParsedStatement, node: Tree) -> Target:
    tree = statement.tree
    what = f"{_verb(tree)} ON {{}}"
    if node.HasField("range_var"):
        kind = Kind.SEQUENCE if tree.objtype == pb.OBJECT_SEQUENCE else Kind.TABLE
        return checked(statement, what, Target(kind, relation_parts(node.range_var)))
    return parent_of(statement, what, tree.objtype, node)


def _single(tree: Tree, node: Tree, grantee: Tree) -> str:
    """Return the part of a statement that is about one object and one role, so that each changes on its own."""
    single = pb.GrantStmt()
    single.CopyFrom(tree)
    del single.objects[:]
    del single.grantees[:]
    single.objects.add().CopyFrom(node)
    single.grantees.add().CopyFrom(grantee)
    return deparse(single)
