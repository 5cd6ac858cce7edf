"""Finds and reads `pgmg.toml`; knows where in it a key stands."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.config.settings import CONFIG_FILE, KEYS
from pgmg.config.values import SettingType
from pgmg.errors import ConfigError
from pgmg.model.naming.location import SourceLocation
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ORIGINAL = {
    "seed_dir": "a setting of the original pgmg: write the rows into a migration, and delete the line",
    "output_graph": "a setting of the original pgmg: delete the line; `pgmg graph` draws the graph",
    "development_mode": "a setting of the original pgmg: delete the line; `pgmg watch` applies while you edit",
    "emit_notify_events": "a setting of the original pgmg: delete the line; every apply notifies the channel pgmg",
    "check_plpgsql": "a setting of the original pgmg: delete the line",
    "tls": "a setting of the original pgmg: write sslmode and the like into the connection string, delete the table",
}
"""Hints at what becomes of keys that pgmg does not have."""


def find(start: Path) -> Path | None:
    """Return the nearest `pgmg.toml` upward from a folder."""
    for folder in (start, *start.parents):
        candidate = folder / CONFIG_FILE
        if os.path.isfile(candidate):  # noqa: PTH113 - Path.is_file() raises where a parent may not be read
            return candidate
    return None


def named(config: Path) -> Path:
    """Return the absolute path of a settings file, which must be there."""
    config = Path(os.path.abspath(config.expanduser()))  # noqa: PTH100 - as above
    if not config.is_file():
        raise ConfigError(f"There is no file {config}", hint="create one with `pgmg init`, or name another")
    return config


def from_file(file: Path, environment: str | None) -> dict[str, SettingType]:
    """Return what the file says, with what its table for `environment` says instead."""
    text = _read(file)
    document = _parse(file, text)
    tables = document.pop("environments", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        where = _place(file, text, None, "environments")
        raise ConfigError("environments: expected tables such as [environments.staging]", where=where)
    for name, table in {None: document, **tables}.items():
        _known(table, file, text, name)
    chosen: list[tuple[str | None, dict[str, object]]] = [(None, document)]
    if environment is not None:
        if environment not in tables:
            raise ConfigError(
                f"There is no environment {environment!r} in {_shown(file)}",
                hint=nearest(environment, tables) or f"add a table [environments.{environment}]",
            )
        chosen.append((environment, tables[environment]))
    return {
        key: SettingType(raw, _label(name, key), _place(file, text, name, key), file.parent)
        for name, table in chosen
        for key, raw in table.items()
    }


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"Byte {error.start + 1} is not UTF-8", where=SourceLocation(_shown(file))) from None
    except OSError as error:
        raise ConfigError(f"Cannot be read: {error.strerror}", where=SourceLocation(_shown(file))) from None


def _parse(file: Path, text: str) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError("Not valid TOML: nested too deeply", where=SourceLocation(_shown(file))) from None
    except tomllib.TOMLDecodeError as error:
        message, _, position = str(error).partition(" (at ")
        lines = text.splitlines() or [""]
        numbers = [int(number) for number in re.findall(r"\d+", position)]
        line, column = numbers if len(numbers) == 2 else (len(lines), len(lines[-1]) + 1)  # noqa: PLR2004 - line, column
        shown = lines[line - 1] if line <= len(lines) else ""
        where = SourceLocation(_shown(file), line, column, mask_secrets(shown))
        raise ConfigError(f"Not valid TOML: {message}", where=where, hint="see https://toml.io") from None


def _known(table: Mapping[str, object], file: Path, text: str, name: str | None) -> None:
    for key in table:
        if key not in KEYS:
            near = _ORIGINAL.get(key) or nearest(key, KEYS if name is not None else (*KEYS, "environments"))
            raise ConfigError(f"Unknown key {_label(name, key)}", where=_place(file, text, name, key), hint=near)


def _place(file: Path, text: str, environment: str | None, key: str) -> SourceLocation:
    """Find the line of a key: tomllib does not tell, and a message without a line sends people searching."""
    wanted = "" if environment is None else f"environments.{environment}"
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if header := re.match(r"\[\[?([^\]]+)\]", bare):
            table = re.sub(r"[\s\"']", "", header[1])
            if environment is None and table.split(".")[0] == key:
                return SourceLocation(_shown(file), number)
        elif table == wanted and re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[=.]", bare):
            return SourceLocation(_shown(file), number)
    return SourceLocation(_shown(file))


def _label(environment: str | None, key: str) -> str:
    return key if environment is None else f"environments.{environment}.{key}"


def _shown(file: Path) -> str:
    return Path(os.path.relpath(file)).as_posix()


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return a hint at what may have been meant."""
    import difflib

    known = sorted(candidates)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}" if known else None
