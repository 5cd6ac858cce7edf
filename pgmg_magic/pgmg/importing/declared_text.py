"""Turns the catalog's definition of an object into the statements of its file, and what no code file can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.importing.files import sql_style
from pgmg.model.database.catalog_details import PRIVILEGES, Aspect, Definition, ObjectProperty
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind
from pgmg.source.grammar.rewriting import plain_create, with_members

if TYPE_CHECKING:
    from pgmg.importing.files.spelling import Spelling

_STATED = frozenset(
    {Aspect.OWNER, Aspect.COMMENT, Aspect.CONSTRAINT_COMMENT, Aspect.GRANT, Aspect.COLUMN_GRANT, Aspect.REVOKE}
)
"""Properties that a code file states."""
_GRANTED_AS = PRIVILEGES | {Aspect.OWNER}
_IN_DEFINITION = frozenset({Aspect.OPTION, Aspect.MEMBER})
_WITH_EXPRESSIONS = frozenset(
    {Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FUNCTION, Kind.PROCEDURE, Kind.TRIGGER, Kind.RULE, Kind.POLICY}
    | {Kind.INDEX, Kind.STATISTICS}
)
"""Kinds whose definitions hold more dotted names than those of objects."""
_APART = frozenset({Kind.EVENT_TRIGGER, Kind.STATISTICS, Kind.TRIGGER, Kind.RULE, Kind.POLICY})
"""Kinds that no migration makes a plan create early by naming them: nothing more can be said of declared ones."""
_LAID_OUT = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FUNCTION, Kind.PROCEDURE})
_NO_DATA = "\nWITH NO DATA"
_NOT_VALID = " NOT VALID"
_WHY = {
    Aspect.COMMENT: "the comment of a part of it",
    Aspect.GRANT: "privileges on a part of it",
    Aspect.REVOKE: "privileges on a part of it",
    Aspect.OWNER: "the owner of a part of it",
    Aspect.STORAGE: "how it is stored",
    Aspect.LATE_STORAGE: "how a column is stored",
    Aspect.REPLICA_IDENTITY: "its replica identity",
    Aspect.CLUSTER: "its CLUSTER mark",
    Aspect.EXTENSION: "DEPENDS ON EXTENSION",
    Aspect.LABEL: "its security label",
    Aspect.ENABLED: "that it is not enabled as usual",
}


@dataclass(frozen=True, slots=True)
class Unstated:
    """Something that an object has and no code file can say: the statements that give it, and what it is."""

    object: str
    what: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeclaredText:
    """An object as its file has it: `create` and then what is stated about it, without semicolons."""

    create: tuple[str, ...]
    stated: tuple[str, ...]
    unstated: tuple[Unstated, ...]


def declared_text(definition: Definition, spelling: Spelling, *, details: bool) -> DeclaredText | None:
    """Return an object's statements; None where no statement of a code file creates it.

    With `details`, a migration says what cannot be stated: owner and all privileges where another role granted some,
    for those need the others first.
    """
    made = create_statements(definition, spelling)
    if made is None:
        return None
    name = definition.name
    create, later = made
    if name.kind in _APART and not all(_is_stated(one, definition) for one in definition.properties):
        said = (statement for one in definition.properties for statement in one.statements)
        return DeclaredText((), (), (Unstated(str(name), "the whole of it", (*create, *said)),))
    unstated = [Unstated(str(name), "a constraint that is not validated", (one,)) for one in later]
    stated = []
    is_granted_on = details and any(one.role is not None for one in definition.properties)
    for one in definition.properties:
        if one.aspect in _IN_DEFINITION and one.partition is None:
            continue
        is_later = one.aspect is Aspect.CONSTRAINT_COMMENT and any(f" {one.subject} " in sql for sql in later)
        is_apart = is_later or (is_granted_on and one.aspect in _GRANTED_AS)
        if _is_stated(one, definition) and not is_apart:
            stated.append(spelling.everywhere(one.statement))
        else:
            unstated.append(Unstated(str(name), _what(one), one.statements))
    return DeclaredText(create, tuple(stated), tuple(unstated))


def create_statements(definition: Definition, spelling: Spelling) -> tuple[tuple[str, ...], list[str]] | None:
    """Return the statements that create an object, and those of its constraints that no CREATE takes.

    None where no statement of a code file creates it.
    """
    name = definition.name
    statements = definition.create or ((definition.text,) if definition.text else ())
    if not statements:
        return None
    later: list[str] = []
    match name.kind:
        case Kind.OPERATOR_FAMILY if len(statements) > 1:
            return None
        case Kind.OPERATOR_CLASS:
            members = [one.statement for one in definition.properties if one.aspect is Aspect.MEMBER]
            statements = (with_members(statements[0], members),)
        case Kind.DOMAIN:
            statements, later = _domain(statements)
        case Kind.VIEW | Kind.MATERIALIZED_VIEW:
            statements = (_view(definition, statements[0], spelling),)
        case Kind.FUNCTION | Kind.PROCEDURE:
            statements = (sql_style.routine(spelling.head(plain_create(statements[0]))),)
        case Kind.STATISTICS:
            statements = (spelling.head(statements[0]),)
        case _:
            pass
    if name.kind not in _WITH_EXPRESSIONS:
        statements = tuple(spelling.everywhere(one) for one in statements)
    return tuple(_laid_out(name.kind, one) for one in statements), later


def _is_stated(one: ObjectProperty, definition: Definition) -> bool:
    """Say whether a code file may state a property: not of a part such as a row type, an array type, a constructor."""
    if one.aspect not in _STATED or one.role is not None or one.partition is not None:
        return False
    about = one.statement.partition("'")[0]
    match definition.name.kind:
        case Kind.VIEW | Kind.MATERIALIZED_VIEW:
            return not {"TYPE", "RULE"} & set(about.split(" ")[:6])
        case Kind.TYPE | Kind.DOMAIN if one.aspect is not Aspect.CONSTRAINT_COMMENT:
            own = definition.drop.split(" ", 2)[2]  # DROP TYPE a.b
            return about.startswith("COMMENT ON COLUMN ") or f" {own} " in about
        case _:
            return True


def _what(one: ObjectProperty) -> str:
    if one.role is not None:
        return f"privileges that {one.role} granted"
    about = f" ({one.subject})" if one.subject else ""
    return _WHY.get(one.aspect, one.aspect.value.replace("_", " ")) + about


def _view(definition: Definition, sql: str, spelling: Spelling) -> str:
    head, _, query = sql.partition(" AS\n")
    ending = ""
    if query.endswith(_NO_DATA):
        query = query.removesuffix(_NO_DATA)
        ending = "" if definition.populated else _NO_DATA
    return f"{spelling.head(head)} AS\n{sql_style.view_query(query)}{ending}"


def _domain(statements: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Return CREATE DOMAIN with the constraints that it takes, and the statements that add the others."""
    create, *added = statements
    later = [one for one in added if one.endswith(_NOT_VALID)]
    for one in added:
        if one not in later:
            create += " CONSTRAINT " + one.partition(" ADD CONSTRAINT ")[2]
    return (create,), later


def _laid_out(kind: Kind, sql: str) -> str:
    if kind is Kind.TYPE and " AS (" in sql.partition("'")[0]:
        return sql_style.composite(sql)
    return sql if kind in _LAID_OUT else sql_style.statement(kind, sql)
