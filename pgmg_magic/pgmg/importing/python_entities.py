"""Reads the entities of alembic_utils from a Python module, as statements of code files.

An entity is any object with `to_sql_statement_create()`, as alembic_utils has them: functions, views, materialized
views, triggers, policies, grants on tables, extensions. The library itself is not needed here: the module imports it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from pgmg.errors import ImportRefused
from pgmg.importing.files.drafted_files import DraftedFiles
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import spell
from pgmg.model.results.import_report import LeftOut
from pgmg.source.grammar.line_ends import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import ModuleType

    from pgmg.importing.files.file_names import FileNames

_KINDS = {
    "function": Kind.FUNCTION,
    "view": Kind.VIEW,
    "materialized_view": Kind.MATERIALIZED_VIEW,
    "trigger": Kind.TRIGGER,
    "policy": Kind.POLICY,
    "grant_table": Kind.GRANT,
}
"""Kinds by the attribute `type_` of an entity."""
_LAYS_OUT = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
"""Kinds in whose statements white space means nothing: a query. The text of a function is kept to the letter."""
_ESCAPED_COLON = re.compile(r"\\(:[\w$]*)(?![:\w$])")
"""A colon that SQLAlchemy is not to take for a parameter."""
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_LITERAL = re.compile(r"['$]")


@dataclass(frozen=True, slots=True)
class PythonEntities:
    """The files of entities, by path relative to the project, and the entities that no code file declares."""

    files: DraftedFiles
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entity:
    kind: Kind
    name: ObjectName
    sql: str


def read_python_entities(modules: Iterable[str], root: Path, folder: str, names: FileNames) -> PythonEntities:
    """Import modules, packages with all that is in them, and return the files of their entities.

    The project's folder `root` comes first on Python's path. `folder` is the code folder, relative to it.

    Raises:
        ImportRefused: a module cannot be imported, or there are no entities.
    """
    listed = tuple(modules)
    before = list(sys.path)
    sys.path.insert(0, str(root))
    try:
        found = [entity for module in listed for entity in _entities(module)]
    finally:
        sys.path[:] = before
    by_identity = {_identity(one): one for one in found}
    if not by_identity:
        raise ImportRefused(
            f"There are no entities of alembic_utils in {', '.join(listed)}.",
            hint="Name the modules that hold them, or a package: all modules in it are read.",
        )
    read, left_out = [], []
    for one in by_identity.values():
        kind = _KINDS.get(str(getattr(one, "type_", "")))
        if kind is None:
            left_out.append(
                LeftOut(_identity(one), "a code file cannot create it; write it into a migration", _sql(one))
            )
        else:
            read.append(_Entity(kind, _name(one, kind), _laid_out(_sql(one), str(one.definition), kind)))
    return PythonEntities(DraftedFiles(_grouped(read, folder, names)), tuple(left_out))


# -- modules --------------------------------------------------------------------------------------------


def _entities(name: str) -> Iterator[Any]:
    module = _imported(name)
    yield from _inside(module)
    for part in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        yield from _inside(_imported(part.name))


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever the user's own code raises
        raise ImportRefused(
            f"Python cannot import {name}: {type(error).__name__}: {error}",
            hint="pgmg has to run in the environment of the module, where alembic_utils is installed.",
        ) from error


def _inside(module: ModuleType) -> Iterator[Any]:
    for value in vars(module).values():
        several = value if isinstance(value, (list, tuple, set)) else value.values() if isinstance(value, dict) else ()
        yield from (one for one in (value, *several) if _is_entity(one))


def _is_entity(value: object) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "to_sql_statement_create", None))


def _identity(entity: Any) -> str:
    return str(entity.identity)


# -- statements -----------------------------------------------------------------------------------------


def _sql(entity: Any) -> str:
    """Return what SQLAlchemy would send, without its escapes and a last semicolon."""
    statement = entity.to_sql_statement_create()
    return spelled(_ESCAPED_COLON.sub(r"\1", str(getattr(statement, "text", statement))).strip().rstrip(";").rstrip())


def _laid_out(sql: str, definition: str, kind: Kind) -> str:
    """Return a statement without needless quotes before its first literal, a query without Python's indentation."""
    start = sql.find(_ESCAPED_COLON.sub(r"\1", definition))
    literal = _LITERAL.search(sql)
    end = min(start if start >= 0 else len(sql), literal.start() if literal else len(sql))
    head = _QUOTED.sub(lambda found: spell(found[1].replace('""', '"')), sql[:end])
    head, body = re.sub(r" {2,}", " ", head), sql[end:]
    lines = body.split("\n")
    if kind in _LAYS_OUT and all(line.count("'") % 2 == 0 and "$" not in line for line in lines):
        body = "\n".join([lines[0].strip(), *textwrap.dedent("\n".join(lines[1:])).split("\n")]).rstrip()
        body = re.sub(r" WITH +(NO )?DATA$", lambda found: f"\nWITH {found[1] or ''}DATA", body)
        head = re.sub(r" AS $", " AS\n", head)
    return f"{head}{body}"


def _name(entity: Any, kind: Kind) -> ObjectName:
    """Return a name to make a path of: the kind of a relation that something is on is not known."""
    schema, signature = str(entity.schema), str(entity.signature)
    if kind is Kind.GRANT:
        return ObjectName(kind, parent=ObjectName(Kind.TABLE, str(entity.table), schema), detail=str(entity.role))
    if kind in (Kind.TRIGGER, Kind.POLICY):
        home, _, relation = str(entity.on_entity).rpartition(".")
        return ObjectName(kind, signature, parent=ObjectName(Kind.TABLE, relation, home or schema))
    return ObjectName(kind, signature.partition("(")[0].strip(), schema)


def _grouped(entities: Iterable[_Entity], folder: str, names: FileNames) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return groups of statements by path: overloads in one file, grants with their view or in one file a table."""
    paths: dict[object, str] = {}
    files: dict[str, list[tuple[str, ...]]] = {}
    said: dict[str, list[str]] = {}
    in_order = sorted(entities, key=lambda one: one.kind is Kind.GRANT)  # after what they are about
    for one in in_order:
        about = one.name.parent if one.kind is Kind.GRANT and one.name.parent is not None else one.name
        key = (about.schema, about.name, about.parent, one.kind is Kind.FUNCTION)
        if key not in paths:
            file = ObjectName(Kind.GRANT, about.name, about.schema) if one.kind is Kind.GRANT else one.name
            paths[key] = f"{folder}{names.path(file, overloaded=False)}"
        if one.kind is Kind.GRANT:
            said.setdefault(paths[key], []).append(one.sql)
        else:
            files.setdefault(paths[key], []).append((one.sql,))
    paths_in_order = sorted({*files, *said})
    return {path: (*files.get(path, ()), *((tuple(said[path]),) if path in said else ())) for path in paths_in_order}
