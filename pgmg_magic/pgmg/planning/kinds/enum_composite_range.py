"""Enums, composites and ranges: grown in place, recreated while no table uses them, refused otherwise."""

from __future__ import annotations

from pgmg.model.naming.names import Kind
from pgmg.model.naming.quoting import literal, quote
from pgmg.model.naming.type_identity import formatted_type, plain_type, type_of
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import CompositeFacts, DomainFacts, EnumFacts, RangeFacts
from pgmg.model.sources.source import Notice
from pgmg.planning.kinds.domain_constraints import made_with_domain
from pgmg.planning.kinds.equal_definitions import says_the_same_range
from pgmg.planning.kinds.rules import (
    NO_CHANGE,
    AlterInPlace,
    ObjectDiff,
    RecreateObject,
    Refuse,
    Rules,
    Strategy,
    TypedColumn,
)
from pgmg.planning.resolve.sql_names import qualified, target
from pgmg.source.grammar.rewriting import same_but_formatting


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Decide by the form of the type."""
    form = case.facts.get("form")
    match case.source.facts:
        case EnumFacts() as facts if form == "e":
            return _enum(case, facts)
        case CompositeFacts() as facts if form == "c":
            return _composite(case, facts)
        case RangeFacts() if form == "r" and _same_range(case):
            return NO_CHANGE
        case _:
            return recreate_or_refuse(case, "its definition changes")


def _enum(case: ObjectDiff, facts: EnumFacts) -> Strategy:
    live = list(case.facts.get("labels") or ())
    name = qualified(case.name)
    statements = []
    for old, new in facts.renames:
        if old in live and new not in live:
            live[live.index(old)] = new
            statements.append(f"ALTER TYPE {name} RENAME VALUE {literal(old).strip()} TO {literal(new).strip()}")
    kept = [label for label in facts.labels if label in live]
    if kept != live:
        lost = [label for label in live if label not in facts.labels]
        what = f"it loses {', '.join(map(repr, lost))}" if lost else "its labels change their order"
        return recreate_or_refuse(case, what)
    # IF NOT EXISTS where a pending migration may have added the same label meanwhile (rule 7.4)
    guard = "IF NOT EXISTS " if case.altered_by_migration else ""
    for position, label in enumerate(facts.labels):
        if label not in live:
            if position:
                where = f" AFTER {literal(facts.labels[position - 1]).strip()}"
            else:
                where = f" BEFORE {literal(live[0]).strip()}" if live else ""
            statements.append(f"ALTER TYPE {name} ADD VALUE {guard}{literal(label).strip()}{where}")
            live.insert(position, label)
    return AlterInPlace(Action.ALTER, tuple(statements), "labels added" if statements else "")


def _composite(case: ObjectDiff, facts: CompositeFacts) -> Strategy:
    live = [(a[0], plain_type(a[1]), a[2]) for a in case.facts.get("attributes") or ()]
    new = [
        (a.name, plain_type(case.column_type(a.type)), a.collation[-1] if a.collation else None)
        for a in facts.attributes
    ]
    known = [
        (name, type_, None if collation is None else collation.rpartition(".")[2].strip('"'))
        for name, type_, collation in live
    ]
    if new[: len(known)] != known:
        return recreate_or_refuse(case, "its attributes change")
    statements = tuple(
        f"ALTER TYPE {qualified(case.name)} ADD ATTRIBUTE {quote(a.name)} {case.column_type(a.type)}"
        + (f" COLLATE {'.'.join(map(quote, a.collation))}" if a.collation else "")
        for a in facts.attributes[len(known) :]
    )
    return AlterInPlace(Action.ALTER, statements, "attributes appended" if statements else "")


def _same_range(case: ObjectDiff) -> bool:
    facts = case.source.facts
    assert isinstance(facts, RangeFacts)
    if case.previous is not None and case.change is not ChangeKind.DRIFTED:
        return same_but_formatting(case.previous.sql, case.source.sql)
    if type_of(case.argument_type(facts.subtype)) != formatted_type(str(case.facts.get("subtype") or "")):
        return False
    implied = frozenset(case.facts.get("implied") or ())
    return case.definition is None or says_the_same_range(case.definition, facts, implied)


def recreate_or_refuse(case: ObjectDiff, what: str) -> Strategy:
    """Recreate a type that no table column uses; otherwise convert the columns, if allowed, or refuse (rule 5)."""
    if not case.column_uses:
        return RecreateObject(what)
    used = ", ".join(f"{use.table.display_name}.{use.column}" for use in case.column_uses)
    if any(use.nested for use in case.column_uses):
        return Refuse(
            f"{case.name} cannot be changed in place ({what}), and table columns hold it inside other types: {used}.",
            "Write a migration that takes it out of them first.",
        )
    statements = _conversion(case)
    if case.options.rewrite_tables:
        warning = Notice(
            "table-rewrite", f"{case.name}: {what}; tables are rewritten to convert {used}.", str(case.source.location)
        )
        return AlterInPlace(Action.ALTER, statements, f"{what}; converts {used}", (warning,), shakes=True)
    return Refuse(
        f"{case.name} cannot be changed in place ({what}), and table columns use it: {used}.",
        "Write a migration that converts them, such as\n"
        + "\n".join(f"    {statement};" for statement in statements)
        + "\nor let pgmg do it with --rewrite-tables.",
    )


def _conversion(case: ObjectDiff) -> tuple[str, ...]:
    """Put a new type beside the old one, convert every column, drop the old one."""
    if isinstance(case.source.facts, RangeFacts):
        return _conversion_by_way_of_text(case)
    word = case.name.kind.sql_keyword.upper()
    old = quote(f"{case.name.name[:58]}_old")
    around = [s for one in case.definition.properties for s in one.statements] if case.definition else []
    return (
        *_free_constraint_names(case),
        f"ALTER {target(case.name)} RENAME TO {old}",
        case.source.sql,
        *(_convert(case, use) for use in case.column_uses if use.type != "inherited"),
        f"DROP {word} {quote(case.name.schema or 'public')}.{old}",
        *_constraints_by_hand(case),
        *around,
    )


def _constraints_by_hand(case: ObjectDiff) -> tuple[str, ...]:
    """Return what adds a domain's constraints that no source ever declared (rule 3.6)."""
    declared: set[str] = set()
    for source in (case.source, case.previous):
        if source is not None and isinstance(source.facts, DomainFacts):
            declared |= made_with_domain(case.name.name, source.facts)
    rows = [(row[0], row[1]) for row in case.facts.get("constraints") or ()]
    return tuple(
        f"ALTER {target(case.name)} ADD CONSTRAINT {quote(name)} {text}" for name, text in rows if name not in declared
    )


def _free_constraint_names(case: ObjectDiff) -> tuple[str, ...]:
    """A domain's constraints leave their names to those of the new one."""
    names = [row[0] for row in case.facts.get("constraints") or ()]
    return tuple(f"ALTER {target(case.name)} DROP CONSTRAINT {quote(name)}" for name in names)


def _conversion_by_way_of_text(case: ObjectDiff) -> tuple[str, ...]:
    """A range cannot stand beside another one: its constructors and its multirange keep their names."""
    around = [s for one in case.definition.properties for s in one.statements] if case.definition else []
    columns = [use for use in case.column_uses if use.type != "inherited"]
    return (
        *(_convert_to(use, "text") for use in columns),
        f"DROP TYPE {qualified(case.name)}",
        case.source.sql,
        *(_convert_to(use, qualified(case.name)) for use in columns),
        *around,
    )


def _convert_to(use: TypedColumn, type_: str) -> str:
    column, whole = quote(use.column), type_ + ("[]" if use.type.endswith("[]") else "")
    return f"ALTER TABLE {qualified(use.table)} ALTER COLUMN {column} TYPE {whole} USING {column}::{whole}"


def _convert(case: ObjectDiff, use: TypedColumn) -> str:
    new, column = qualified(case.name), quote(use.column)
    array = "[]" if use.type.endswith("[]") else ""
    value = f"{column}::text::{new}{array}"
    facts, attributes = case.source.facts, case.facts.get("attributes")
    if isinstance(facts, CompositeFacts) and attributes and not array:
        known = {row[0] for row in attributes}
        fields = ", ".join(
            f"({column}).{quote(a.name)}::{case.column_type(a.type)}" if a.name in known else "NULL"
            for a in facts.attributes
        )
        value = f"CASE WHEN {column} IS NULL THEN NULL ELSE ROW({fields})::{new} END"
    return f"ALTER TABLE {qualified(use.table)} ALTER COLUMN {column} TYPE {new}{array} USING {value}"


RULES = Rules(frozenset({Kind.TYPE}), choose_strategy)
