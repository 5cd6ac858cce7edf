"""Tells what a migration statement does to which objects: what rule 4 starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from pgmg.errors import SourceError
from pgmg.model.naming.names import PROPERTY_KINDS, Kind
from pgmg.model.sources.facts import CompositeFacts, RangeFacts
from pgmg.model.sources.source import Alteration, Effect, Target, TypeName
from pgmg.source.grammar.parser import Tree, arguments, parts, pb, type_name, unwrap
from pgmg.source.grammar.statements import ParsedStatement
from pgmg.source.kinds import Declaration, key_of, readers
from pgmg.source.migrations.alter_table import alter_table
from pgmg.source.migrations.qualifying import in_schema
from pgmg.source.migrations.sequences import implied_sequences
from pgmg.source.references.statement_targets import KINDS, relation_target, target_of

AlterationReader = Callable[[Tree], Iterator[Alteration]]

_TEMPORARY = "t"
_BASE_TYPE = "define_stmt/OBJECT_TYPE"


def alterations_of(statement: ParsedStatement) -> Iterator[Alteration]:
    """Yield every effect of a statement; statements that alter nothing that has a name yield none."""
    reader = _readers().get(statement.node)
    if reader is not None:
        yield from reader(statement.tree)
    elif (key := key_of(statement.node, statement.tree)) in readers():
        yield from _declared(statement, key)
    elif statement.node == "create_table_as_stmt":
        tree = statement.tree
        kind = KINDS.get(tree.objtype, Kind.TABLE)
        yield from _made(tree.into.rel, kind, keeps_existing=tree.if_not_exists)
    elif statement.node == "create_schema_stmt":
        yield from _schema(statement)


def _declared(statement: ParsedStatement, key: str) -> Iterator[Alteration]:
    """Whatever a code folder may declare, a migration may make: with the same readers."""
    effect = Effect.REPLACE if getattr(statement.tree, "replace", False) else Effect.CREATE
    if statement.node == "alter_tsconfiguration_stmt":
        effect = Effect.ALTER
    try:
        declared = list(readers()[key](statement))
    except SourceError:  # what cannot be declared: a temporary relation, a base type
        if key == _BASE_TYPE:
            yield Alteration(Effect.CREATE, Target(Kind.TYPE, parts(statement.tree.defnames)))
        return
    for declaration in declared:
        target = declaration.target
        if target.kind in PROPERTY_KINDS and target.parent is not None:
            yield Alteration(Effect.METADATA_ONLY, target.parent)
        elif target.kind not in PROPERTY_KINDS and target.kind is not Kind.DEFAULT_PRIVILEGES:
            keeps = getattr(statement.tree, "if_not_exists", False)
            yield Alteration(effect, target, if_exists=keeps, columns=_attributes(declaration))
            if isinstance(declaration.facts, RangeFacts):
                yield Alteration(Effect.CREATE, Target(Kind.TYPE, declaration.facts.multirange))
            if target.parent is not None:
                yield Alteration(Effect.METADATA_ONLY, target.parent)


def _attributes(declaration: Declaration) -> tuple[tuple[str, TypeName], ...]:
    facts = declaration.facts
    return tuple((a.name, a.type) for a in facts.attributes) if isinstance(facts, CompositeFacts) else ()


def _made(
    relation: Tree, kind: Kind = Kind.TABLE, columns: Sequence[Tree] = (), *, keeps_existing: bool = False
) -> Iterator[Alteration]:
    if relation.relpersistence != _TEMPORARY and relation.schemaname != "pg_temp":
        typed = tuple((column.colname, type_name(column.type_name)) for column in columns)
        target = relation_target(relation, kind)
        yield Alteration(Effect.CREATE, target, if_exists=keeps_existing, columns=typed)


def _table(tree: Tree) -> Iterator[Alteration]:
    columns = [node.column_def for node in tree.table_elts if node.HasField("column_def")]
    yield from _made(tree.relation, columns=columns, keeps_existing=tree.if_not_exists)
    if tree.relation.relpersistence != _TEMPORARY:
        yield from implied_sequences(tree.relation, columns)
    if tree.HasField("partbound"):
        for node in tree.inh_relations:
            yield Alteration(Effect.METADATA_ONLY, relation_target(node.range_var))


def _foreign_table(tree: Tree) -> Iterator[Alteration]:
    yield from _table(tree.base_stmt)


def _select(tree: Tree) -> Iterator[Alteration]:
    if tree.HasField("into_clause"):
        yield from _made(tree.into_clause.rel)


def _sequence(tree: Tree) -> Iterator[Alteration]:
    yield from _made(tree.sequence, Kind.SEQUENCE, keeps_existing=tree.if_not_exists)


def _index(tree: Tree) -> Iterator[Alteration]:
    table = relation_target(tree.relation)
    yield Alteration(Effect.METADATA_ONLY, table)
    if tree.idxname:
        target = Target(Kind.INDEX, (*table.parts[:-1], tree.idxname), parent=table)
        yield Alteration(Effect.CREATE, target, if_exists=tree.if_not_exists)


def _schema(statement: ParsedStatement) -> Iterator[Alteration]:
    """CREATE SCHEMA, with what it makes inside."""
    tree = statement.tree
    name = tree.schemaname or tree.authrole.rolename
    if name:
        yield Alteration(Effect.CREATE, Target(Kind.SCHEMA, (name,)), if_exists=tree.if_not_exists)
    for node in tree.schema_elts:
        inner, element = unwrap(node)
        made = ParsedStatement(inner, element, statement.sql, "", statement.located, statement.start)
        for alteration in alterations_of(made):
            yield in_schema(alteration, name)


def _role(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.CREATE, Target(Kind.ROLE, (tree.role,)))


def _extension(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.CREATE, Target(Kind.EXTENSION, (tree.extname,)), if_exists=tree.if_not_exists)


def _alter_extension(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.ALTER, Target(Kind.EXTENSION, (tree.extname,)))


def _rename(tree: Tree) -> Iterator[Alteration]:
    match tree.rename_type:
        case pb.OBJECT_COLUMN | pb.OBJECT_ATTRIBUTE:
            kind = Kind.TYPE if tree.rename_type == pb.OBJECT_ATTRIBUTE else KINDS.get(tree.relation_type, Kind.TABLE)
            effect, target, member = Effect.RENAME_COLUMN, relation_target(tree.relation, kind), tree.subname
        case pb.OBJECT_TABCONSTRAINT:
            yield Alteration(Effect.METADATA_ONLY, relation_target(tree.relation), tree.subname, tree.newname)
            return
        case pb.OBJECT_TRIGGER | pb.OBJECT_RULE | pb.OBJECT_POLICY:
            parent = relation_target(tree.relation)
            effect, target, member = (
                Effect.RENAME,
                Target(KINDS[tree.rename_type], (tree.subname,), parent=parent),
                None,
            )
        case pb.OBJECT_DOMCONSTRAINT:
            domain = target_of(pb.OBJECT_DOMAIN, tree.object)
            if domain is not None:
                yield Alteration(Effect.METADATA_ONLY, domain, tree.subname, tree.newname)
            return
        case _ if tree.HasField("relation"):
            kind = KINDS.get(tree.rename_type, Kind.TABLE)
            effect, target, member = Effect.RENAME, relation_target(tree.relation, kind), None
        case _:
            named = target_of(tree.rename_type, tree.object) if tree.HasField("object") else None
            named = named or (Target(Kind.SCHEMA, (tree.subname,)) if tree.rename_type == pb.OBJECT_SCHEMA else None)
            if named is None:
                return
            effect, target, member = Effect.RENAME, named, None
    yield Alteration(effect, target, member, tree.newname, if_exists=tree.missing_ok)


def _set_schema(tree: Tree) -> Iterator[Alteration]:
    if tree.HasField("relation"):
        target: Target | None = relation_target(tree.relation, KINDS.get(tree.object_type, Kind.TABLE))
    else:
        target = target_of(tree.object_type, tree.object)
    if target is not None:
        yield Alteration(Effect.SET_SCHEMA, target, None, tree.newschema, if_exists=tree.missing_ok)


def _drop(tree: Tree) -> Iterator[Alteration]:
    cascade = tree.behavior == pb.DROP_CASCADE
    for node in tree.objects:
        target = target_of(tree.remove_type, node)
        if target is not None:
            yield Alteration(Effect.DROP, target, if_exists=tree.missing_ok, cascade=cascade)


def _alter_enum(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.ALTER, Target(Kind.TYPE, parts(tree.type_name)))


def _alter_type(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.METADATA_ONLY, Target(Kind.TYPE, parts(tree.type_name)))


def _alter_domain(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.ALTER, Target(Kind.DOMAIN, parts(tree.type_name)), tree.name or None)


def _alter_routine(tree: Tree) -> Iterator[Alteration]:
    kind = KINDS.get(tree.objtype, Kind.FUNCTION)
    yield Alteration(Effect.ALTER, Target(kind, parts(tree.func.objname), arguments(tree.func)))


def _alter_policy(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.ALTER, Target(Kind.POLICY, (tree.policy_name,), parent=relation_target(tree.table)))


def _alter_sequence(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.METADATA_ONLY, relation_target(tree.sequence, Kind.SEQUENCE))


def _alter_statistics(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.METADATA_ONLY, Target(Kind.STATISTICS, parts(tree.defnames)))


def _alter_dictionary(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.ALTER, Target(Kind.TEXT_SEARCH_DICTIONARY, parts(tree.dictname)))


def _alter_operator(tree: Tree) -> Iterator[Alteration]:
    target = Target(Kind.OPERATOR, parts(tree.opername.objname), arguments(tree.opername))
    yield Alteration(Effect.ALTER, target)


def _alter_family(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.ALTER, Target(Kind.OPERATOR_FAMILY, parts(tree.opfamilyname), detail=tree.amname))


def _alter_event_trigger(tree: Tree) -> Iterator[Alteration]:
    yield Alteration(Effect.METADATA_ONLY, Target(Kind.EVENT_TRIGGER, (tree.trigname,)))


@cache
def _readers() -> dict[str, AlterationReader]:
    """Return the readers of statements that only migrations hold, or that say more than a declaration."""
    return {
        "alter_domain_stmt": _alter_domain,
        "alter_enum_stmt": _alter_enum,
        "alter_event_trig_stmt": _alter_event_trigger,
        "alter_extension_stmt": _alter_extension,
        "alter_function_stmt": _alter_routine,
        "alter_object_schema_stmt": _set_schema,
        "alter_op_family_stmt": _alter_family,
        "alter_operator_stmt": _alter_operator,
        "alter_policy_stmt": _alter_policy,
        "alter_seq_stmt": _alter_sequence,
        "alter_stats_stmt": _alter_statistics,
        "alter_table_stmt": alter_table,
        "alter_tsdictionary_stmt": _alter_dictionary,
        "alter_type_stmt": _alter_type,
        "create_extension_stmt": _extension,
        "create_foreign_table_stmt": _foreign_table,
        "create_role_stmt": _role,
        "create_seq_stmt": _sequence,
        "create_stmt": _table,
        "drop_stmt": _drop,
        "index_stmt": _index,
        "rename_stmt": _rename,
        "select_stmt": _select,
    }
