"""Names that a command line or a magic can complete, read from files alone: completion starts no server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from pgmg.errors import PgmgError, SourceErrors
from pgmg.options import Names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pgmg.config import Settings
    from pgmg.model.sources.source import MigrationFile, Target

_CREATES_TABLE = re.compile(r"\bcreate\s+(?:\w+\s+)?table\b", re.IGNORECASE)
_PLAIN = re.compile(r"[^\s'\"]+")


def candidates(kind: Names, settings: Settings) -> tuple[str, ...]:
    """Return the names of a kind in a project, each of them one word.

    Raises:
        PgmgError: files or folders cannot be read.
    """
    match kind:
        case Names.OBJECT:
            return one_word(_objects(settings))
        case Names.MIGRATION:
            return one_word(file.name for file in _migrations(settings))
        case Names.ENVIRONMENT:
            return environments(settings.config_path)
        case Names.CONNECTION:
            return (*environments(settings.config_path), "embedded:")
        case Names.CODE_FILE:
            folder = settings.code_dir
            found = () if folder is None else folder.rglob("*.sql")
            return one_word(path.relative_to(folder).as_posix() for path in found if folder is not None)
        case _:
            assert_never(kind)


def environments(config: Path | None) -> tuple[str, ...]:
    """Return the names of the environments in a settings file; none if it cannot be read."""
    import tomllib

    try:
        tables = {} if config is None else tomllib.loads(config.read_text(encoding="utf-8")).get("environments", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeError):
        return ()
    return one_word(tables) if isinstance(tables, dict) else ()


def one_word(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that can be typed as one word; routines without their arguments."""
    short = (name.partition("(")[0] for name in names)
    return tuple(dict.fromkeys(name for name in short if _PLAIN.fullmatch(name)))


def _objects(settings: Settings) -> Iterator[str]:
    from pgmg.source.code_parser import CodeParser
    from pgmg.source.parse_cache import ParseCache, cache_folder
    from pgmg.source.project_files import read_files

    files = read_files(settings.root, settings.code_dir, None).code or ()
    for found in CodeParser(ParseCache(cache_folder())).parse(files).values():
        if not isinstance(found, SourceErrors):
            yield from (_name(one.target) for one in found if one.target.parts)
    yield from _tables(settings)


def _tables(settings: Settings) -> Iterator[str]:
    """Return the tables that migrations create."""
    from pgmg.model.naming.names import Kind
    from pgmg.model.sources.source import Effect
    from pgmg.source import parse_migration

    for file in _migrations(settings):
        if not _CREATES_TABLE.search(file.text):
            continue
        try:
            alterations = parse_migration(file).alterations
        except SourceErrors:
            continue
        yield from (_name(a.target) for a in alterations if a.effect is Effect.CREATE and a.target.kind is Kind.TABLE)


def _migrations(settings: Settings) -> tuple[MigrationFile, ...]:
    from pgmg.source.project_files import read_files

    try:
        return read_files(settings.root, None, settings.migrations_dir).migrations or ()
    except PgmgError:
        return ()


def _name(target: Target) -> str:
    parts = target.parts[1:] if len(target.parts) > 1 and target.parts[0] == "public" else target.parts
    return f"{target.kind.value}.{'.'.join(parts)}"
