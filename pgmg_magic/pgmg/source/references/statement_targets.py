"""Reads what a statement is about: COMMENT ON, ALTER, DROP and GRANT all name objects in the same few shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind
from pgmg.model.sources.source import Reference, RefKind, Target
from pgmg.source.grammar.parser import (
    Tree,
    arguments,
    name_parts,
    parts,
    pb,
    relation_parts,
    strings,
    type_name,
    unwrap,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS: dict[int, Kind] = {
    pb.OBJECT_AGGREGATE: Kind.AGGREGATE,
    pb.OBJECT_CAST: Kind.CAST,
    pb.OBJECT_COLLATION: Kind.COLLATION,
    pb.OBJECT_COLUMN: Kind.COLUMN,
    pb.OBJECT_DATABASE: Kind.DATABASE,
    pb.OBJECT_DOMAIN: Kind.DOMAIN,
    pb.OBJECT_DOMCONSTRAINT: Kind.CONSTRAINT,
    pb.OBJECT_EVENT_TRIGGER: Kind.EVENT_TRIGGER,
    pb.OBJECT_EXTENSION: Kind.EXTENSION,
    pb.OBJECT_FOREIGN_TABLE: Kind.TABLE,
    pb.OBJECT_FUNCTION: Kind.FUNCTION,
    pb.OBJECT_INDEX: Kind.INDEX,
    pb.OBJECT_LANGUAGE: Kind.LANGUAGE,
    pb.OBJECT_MATVIEW: Kind.MATERIALIZED_VIEW,
    pb.OBJECT_OPCLASS: Kind.OPERATOR_CLASS,
    pb.OBJECT_OPERATOR: Kind.OPERATOR,
    pb.OBJECT_OPFAMILY: Kind.OPERATOR_FAMILY,
    pb.OBJECT_POLICY: Kind.POLICY,
    pb.OBJECT_PROCEDURE: Kind.PROCEDURE,
    pb.OBJECT_PUBLICATION: Kind.PUBLICATION,
    pb.OBJECT_ROLE: Kind.ROLE,
    pb.OBJECT_ROUTINE: Kind.FUNCTION,
    pb.OBJECT_RULE: Kind.RULE,
    pb.OBJECT_SCHEMA: Kind.SCHEMA,
    pb.OBJECT_SEQUENCE: Kind.SEQUENCE,
    pb.OBJECT_STATISTIC_EXT: Kind.STATISTICS,
    pb.OBJECT_TABCONSTRAINT: Kind.CONSTRAINT,
    pb.OBJECT_TABLE: Kind.TABLE,
    pb.OBJECT_TRIGGER: Kind.TRIGGER,
    pb.OBJECT_TSCONFIGURATION: Kind.TEXT_SEARCH_CONFIGURATION,
    pb.OBJECT_TSDICTIONARY: Kind.TEXT_SEARCH_DICTIONARY,
    pb.OBJECT_TSPARSER: Kind.TEXT_SEARCH_PARSER,
    pb.OBJECT_TSTEMPLATE: Kind.TEXT_SEARCH_TEMPLATE,
    pb.OBJECT_TYPE: Kind.TYPE,
    pb.OBJECT_VIEW: Kind.VIEW,
}
"""What the grammar calls an object, and we do. `ROUTINE` is taken for a function: only the catalog knows better."""

_WORDS: dict[int, str] = {
    pb.OBJECT_FDW: "FOREIGN DATA WRAPPER",
    pb.OBJECT_LARGEOBJECT: "LARGE OBJECT",
    pb.OBJECT_MATVIEW: "MATERIALIZED VIEW",
    pb.OBJECT_OPCLASS: "OPERATOR CLASS",
    pb.OBJECT_OPFAMILY: "OPERATOR FAMILY",
    pb.OBJECT_PARAMETER_ACL: "PARAMETER",
    pb.OBJECT_STATISTIC_EXT: "STATISTICS",
    pb.OBJECT_TSCONFIGURATION: "TEXT SEARCH CONFIGURATION",
    pb.OBJECT_TSDICTIONARY: "TEXT SEARCH DICTIONARY",
    pb.OBJECT_TSPARSER: "TEXT SEARCH PARSER",
    pb.OBJECT_TSTEMPLATE: "TEXT SEARCH TEMPLATE",
}
"""What SQL calls an object where the grammar abbreviates."""

_ON_RELATION = frozenset(
    {pb.OBJECT_COLUMN, pb.OBJECT_TABCONSTRAINT, pb.OBJECT_TRIGGER, pb.OBJECT_RULE, pb.OBJECT_POLICY}
)
_TEXT_SEARCH = frozenset(
    {
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TEXT_SEARCH_DICTIONARY,
        Kind.TEXT_SEARCH_PARSER,
        Kind.TEXT_SEARCH_TEMPLATE,
    }
)


def words(object_type: int) -> str:
    """Return an object type as SQL says it: `FOREIGN SERVER`."""
    return _WORDS.get(object_type) or str(pb.ObjectType.Name(object_type)).removeprefix("OBJECT_").replace("_", " ")


def target_of(object_type: int, node: Tree) -> Target | None:
    """Return what a node names, given what kind of object it names; None for kinds that pgmg does not know."""
    kind = KINDS.get(object_type)
    if kind is None:
        return None
    shape, inner = unwrap(node)
    if shape == "object_with_args":
        return Target(kind, parts(inner.objname), arguments(inner))
    if object_type in _ON_RELATION:
        return _on_relation(kind, strings(inner.items))
    if object_type == pb.OBJECT_DOMCONSTRAINT:
        domain, constraint = inner.items
        return Target(kind, (constraint.string.sval,), parent=Target(Kind.DOMAIN, name_parts(domain)))
    if object_type == pb.OBJECT_CAST:
        source, result = inner.items
        return Target(kind, (), (type_name(source.type_name), type_name(result.type_name)))
    if kind in (Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY):
        method, *name = strings(inner.items)
        return Target(kind, tuple(name[-2:]), detail=method)
    return Target(kind, name_parts(node))


def _on_relation(kind: Kind, names: Sequence[str]) -> Target:
    *relation, name = names
    return Target(kind, (name,), parent=Target(Kind.TABLE, tuple(relation[-2:])))


def relation_target(relation: Tree, kind: Kind = Kind.TABLE) -> Target:
    """Return a `RangeVar` as a target: `TABLE` means some relation, whatever it turns out to be."""
    return Target(kind, relation_parts(relation))


def reference_to(target: Target, *, hard: bool = True) -> tuple[Reference, ...]:
    """Return the reference that a statement about an object makes by naming it; none for what nobody declares."""
    kind = target.kind
    if kind in RELATIONS:
        return (Reference(RefKind.RELATION, target.parts, hard),)
    if kind in ROUTINES:
        return (Reference(RefKind.ROUTINE, target.parts, hard, arguments=target.arguments),)
    if kind in TYPES:
        return (Reference(RefKind.TYPE, target.parts, hard),)
    if kind in _TEXT_SEARCH:
        return (Reference(RefKind.TEXT_SEARCH, target.parts, hard),)
    if kind is Kind.OPERATOR:
        return (Reference(RefKind.OPERATOR, target.parts, hard, arguments=target.arguments),)
    if kind is Kind.COLLATION:
        return (Reference(RefKind.COLLATION, target.parts, hard),)
    if kind in (Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY):
        return (Reference(RefKind.OPERATOR_CLASS, target.parts, hard),)
    return reference_to(target.parent, hard=hard) if target.parent is not None else ()
