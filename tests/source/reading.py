"""Reads SQL as project files would be read, and shows what was found in short words."""

from __future__ import annotations

from pgmg.errors import SourceErrors
from pgmg.model.sources.source import CodeFile, MigrationFile
from pgmg.source import parse_file, parse_migration

PATH = "sql/a.sql"


def code(sql, path=PATH):
    """All objects that a code file declares."""
    return parse_file(CodeFile(path, sql, "file hash"))


def one(sql):
    """The only object that a code file declares."""
    (found,) = code(sql)
    return found


def migration(sql, name="001_first.sql"):
    return parse_migration(MigrationFile(name, f"migrations/{name}", sql, "hash"))


def problems(sql, read=code):
    """What is wrong with a file: message and place of each problem."""
    try:
        read(sql)
    except SourceErrors as errors:
        return [(str(problem.where).partition(":")[2], problem.message) for problem in errors.problems]
    return []


def problem(sql, read=code):
    """The only problem of a file, as an error."""
    try:
        read(sql)
    except SourceErrors as errors:
        (found,) = errors.problems
        return found
    raise AssertionError("nothing is wrong")


def spelled(type_):
    """A type in short: `int4[]`, `setof app.t`, `t.c%type`."""
    parts = type_.parts[1:] if type_.parts[:1] == ("pg_catalog",) else type_.parts
    inside = f"({type_.modifiers})" if type_.modifiers else ""
    percent = "%type" if type_.relative else ""
    return f"{'setof ' if type_.setof else ''}{'.'.join(parts)}{percent}{inside}{'[]' * type_.dimensions}"


def short(reference):
    """A reference in short: `relation t *`, `routine f(int4)`; a soft one begins with `~`."""
    arguments = reference.arguments
    inside = "" if arguments is None else f"({', '.join(map(spelled, arguments))})"
    star = " *" if reference.star else ""
    return f"{'' if reference.hard else '~'}{reference.kind} {'.'.join(reference.parts)}{inside}{star}"


def references(source, *, types=True):
    """What something refers to, in short, without the operators and types of every day."""
    plain = {"operator =", "operator +", "operator -", "operator >", "operator ||", "type text", "type trigger"}
    shown = [short(reference) for reference in source.references]
    return sorted(text for text in shown if text.removeprefix("~") not in plain)


def uses(select):
    """What a query refers to, in short."""
    return references(one(f"CREATE VIEW made AS {select}"))


def uses_in_body(body, language="plpgsql"):
    """What a routine's body refers to, in short."""
    return references(one(f"CREATE PROCEDURE made() LANGUAGE {language} AS $made$ {body} $made$"))


def named(target):
    """A target in short: `view app.v`, `trigger t on app.v`, `function f(int4)`."""
    arguments = "" if target.arguments is None else f"({', '.join(map(spelled, target.arguments))})"
    on = "" if target.parent is None else f" on {named(target.parent)}"
    detail = "" if target.detail is None else f" / {target.detail}"
    return f"{target.kind} {'.'.join(target.parts)}{arguments}{on}{detail}"


def declared(sql):
    """The objects that a file declares, in short."""
    return [named(source.target) for source in code(sql)]


def effects(sql):
    """What a migration does, in short: `drop_column table t.c`."""
    return [_effect(alteration) for alteration in migration(sql).alterations]


def _effect(alteration):
    member = f".{alteration.member}" if alteration.member else ""
    new = f" -> {alteration.new_name}" if alteration.new_name else ""
    flags = f"{' if exists' if alteration.if_exists else ''}{' cascade' if alteration.cascade else ''}"
    return f"{alteration.effect} {named(alteration.target)}{member}{new}{flags}"


def needs(sql):
    """What the statements of a migration use, in short; what one of them needs for certain is not shown as soft."""
    shown = {text for statement in migration(sql).statements for text in references(statement)}
    return sorted(text for text in shown if text.removeprefix("~") == text or text.removeprefix("~") not in shown)
