"""Checks raw values, one function a type; what is wrong is said with its key and place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pgmg.config.settings import Pooling
from pgmg.errors import ConfigError
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.permission import Consents, parse_permission
from pgmg.model.plans.plan import Recreate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pgmg.model.naming.location import SourceLocation

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?")
_SCHEMA = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\s,"]+))\s*(?:,|\Z)')
_SETTING = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)*")
_OWN_SETTINGS = {
    "search_path": "search_path is a setting of its own in pgmg.toml",
    "lock_timeout": "lock_timeout is a setting of its own in pgmg.toml",
    "statement_timeout": "statement_timeout is a setting of its own in pgmg.toml",
    "role": "role is a setting of its own in pgmg.toml",
    "session_authorization": "use role, or connect as that user",
}
_VARIABLE = re.compile(r"(?<!\$)\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class SettingType:
    """A raw value, what to call it in a message, where it stands, and what relative folders are relative to."""

    raw: object
    label: str
    where: SourceLocation | None
    base: Path

    def wrong(self, expected: str) -> ConfigError:
        """Return the error to raise."""
        return ConfigError(f"{self.label}: expected {expected}, not {_describe(self.raw)}", where=self.where)


def expanded(value: SettingType, environ: Mapping[str, str]) -> SettingType:
    """Replace `${NAME}` in what the file says by the environment's variable; `$${` stands for `${`."""
    if value.where is None:
        return value

    def variable(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environ:
            raise ConfigError(
                f"{value.label}: the environment variable {name} is not set", where=value.where, hint=f"export {name}=…"
            )
        return environ[name]

    def expand(raw: object) -> object:
        if isinstance(raw, list):
            return [expand(item) for item in raw]
        if isinstance(raw, dict):
            return {key: expand(item) for key, item in raw.items()}
        return _VARIABLE.sub(variable, raw).replace("$${", "${") if isinstance(raw, str) else raw

    return SettingType(expand(value.raw), value.label, value.where, value.base)


def _text(value: SettingType) -> str:
    if not isinstance(value.raw, str) or not value.raw.strip():
        raise value.wrong("a text that is not empty")
    return value.raw


def _folder(value: SettingType) -> Path:
    if not isinstance(value.raw, str | Path) or not str(value.raw):
        raise value.wrong("a folder")
    return Path(os.path.abspath(value.base / Path(value.raw).expanduser()))  # noqa: PTH100 - as above


def _schemas(value: SettingType) -> tuple[str, ...]:
    """Take a list of schema names as they are; read one text as SQL would: `app, "My Schema"`."""
    raw = _split(value) if isinstance(value.raw, str) else value.raw
    if not isinstance(raw, list | tuple) or not raw or not all(isinstance(name, str) and name for name in raw):
        raise value.wrong("names of schemas")
    return tuple(cast("Iterable[str]", raw))


def _split(value: SettingType) -> list[str]:
    text, names, position = str(value.raw).strip(), [], 0
    while position < len(text):
        found = _SCHEMA.match(text, position)
        if found is None:
            raise value.wrong('names of schemas, such as app, "My Schema"')
        names.append(found[1].replace('""', '"') if found[1] else found[2].lower())
        position = found.end()
    return names


def _recreate(value: SettingType) -> Recreate:
    if value.raw not in tuple(Recreate):
        raise value.wrong(" or ".join(f'"{mode.value}"' for mode in Recreate))
    return Recreate(cast("str", value.raw))


def _duration(value: SettingType) -> str:
    match value.raw:
        case bool():
            found = None
        case int(number) if number >= 0:
            return f"{number}ms"
        case str(text):
            found = _DURATION.fullmatch(text.strip())
        case _:
            found = None
    if found is None:
        raise value.wrong("a duration such as 500ms, 2s or 1min")
    return f"{found[1]}{found[2] or 'ms'}"


def _count(value: SettingType) -> int:
    match value.raw:
        case bool():
            pass
        case int(number) if number >= 0:
            return number
        case str(text) if text.strip().isdecimal():
            return int(text)
    raise value.wrong("a whole number, 0 or more")


def _permissions(value: SettingType) -> Consents:
    """Take a list of words, or one text with commas between them; an empty list allows nothing."""
    raw = [word for word in value.raw.split(",") if word.strip()] if isinstance(value.raw, str) else value.raw
    if not isinstance(raw, list | tuple):
        raise value.wrong(_PERMISSIONS)
    found = [parse_permission(word) if isinstance(word, str) else None for word in raw]
    if any(permission is None for permission in found):
        raise value.wrong(_PERMISSIONS)
    return tuple(permission for permission in found if permission is not None)


def _patterns(value: SettingType) -> tuple[str, ...]:
    """Take a list of patterns, or one text with commas between them."""
    raw = [word.strip() for word in value.raw.split(",")] if isinstance(value.raw, str) else value.raw
    if not isinstance(raw, list | tuple) or not all(isinstance(word, str) and word for word in raw):
        raise value.wrong('patterns, such as ["app.*", "view.tmp_*", "owner:etl"]')
    return tuple(cast("Iterable[str]", raw))


_PERMISSIONS = (
    'a list of "rewrite", "data-loss", "exclusive-lock", each with a size if wanted: "exclusive-lock>1GB", and of '
    '"contract:view.v"'
)


def _attempts(value: SettingType) -> int:
    count = _count(value)
    if not count:
        raise value.wrong("a whole number, 1 or more")
    return count


def _pooling(value: SettingType) -> Pooling:
    if value.raw not in tuple(Pooling):
        raise value.wrong(" or ".join(f'"{mode.value}"' for mode in Pooling))
    return Pooling(cast("str", value.raw))


def _session_settings(value: SettingType) -> tuple[tuple[str, str], ...]:
    """Take a table of settings, or read one text as `a = 1, b.c = on`."""
    pairs = _pairs(value) if isinstance(value.raw, str) else value.raw
    if not isinstance(pairs, Mapping) or not all(isinstance(one, str | int | float) for one in pairs.values()):
        raise value.wrong('settings of the server, such as { "work_mem" = "64MB" }')
    for name in pairs:
        if not _SETTING.fullmatch(name):
            raise value.wrong(f"names of settings of the server ({name!r} is none)")
        if name.lower() in _OWN_SETTINGS:
            raise ConfigError(
                f"{value.label}: {name} is not set here", where=value.where, hint=_OWN_SETTINGS[name.lower()]
            )
    return tuple((name, _setting(one)) for name, one in pairs.items())


def _pairs(value: SettingType) -> dict[str, str]:
    parts = [part.partition("=") for part in str(value.raw).split(",") if part.strip()]
    if not all(sign for _, sign, _ in parts):
        raise value.wrong("pairs such as work_mem = 64MB, statement_timeout = 5s")
    return {name.strip(): text.strip() for name, _, text in parts}


def _setting(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


CHECKS: Mapping[str, Callable[[SettingType], object]] = {
    "connection_string": _text,
    "migrations_dir": _folder,
    "code_dir": _folder,
    "state_schema": _text,
    "search_path": _schemas,
    "recreate": _recreate,
    "lock_timeout": _duration,
    "statement_timeout": _duration,
    "lock_retries": _count,
    "lock_attempts": _attempts,
    "history": _count,
    "role": _text,
    "session_settings": _session_settings,
    "pooler": _pooling,
    "checkout": _text,
    "allow": _permissions,
    "ignore": _patterns,
}


def _describe(raw: object) -> str:
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            return f'"{raw}"'
        case list() | tuple():
            return "an array"
        case dict():
            return "a table"
        case _:
            return str(raw)
