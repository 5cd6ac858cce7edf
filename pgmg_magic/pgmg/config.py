"""Settings: from defaults, `pgmg.toml`, the environment and options to one checked, immutable `Settings`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pgmg.errors import ConfigError
from pgmg.model.place import Place
from pgmg.model.plan import Recreate

if TYPE_CHECKING:
    from collections.abc import Iterable

CONFIG_FILE = "pgmg.toml"
EMBEDDED = "embedded:"
"""The connection string of the embedded server in the project's `.pgmg/` folder."""

DEFAULT_FOLDERS = {"migrations_dir": "migrations", "code_dir": "sql"}
"""Folders that count without being configured, where they exist and no folder is configured."""

LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")
"""Variables of libpq that name a server or database."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?")
_SCHEMA = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\s,"]+))\s*(?:,|\Z)')
_VARIABLE = re.compile(r"(?<!\$)\$\{([^}]*)\}")
_SECRETS = (
    re.compile(r"(?P<keep>\w://[^\s:/@]*:)(?P<secret>\S*)(?=@)"),
    re.compile(r"(?P<keep>password\s*=\s*)(?P<secret>'(?:\\.|[^'\\])*'|[^\s&'\"]+)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything that is configured about a project; its `repr` shows no password.

    `root` is the folder of `pgmg.toml`, or the working folder. `connection_string` is None where nothing names a
    server, and empty where only libpq's own variables do. A folder that is None is not considered (rule 3.7).
    Durations are texts that PostgreSQL understands: `500ms`. `lock_retries` is how often a run that met a lock or a
    deadlock is tried again (rule 9.3).
    """

    root: Path
    config_path: Path | None = None
    connection_string: str | None = None
    migrations_dir: Path | None = None
    code_dir: Path | None = None
    state_schema: str = "public"
    search_path: tuple[str, ...] | None = None
    recreate: Recreate = Recreate.DEPENDENTS
    lock_timeout: str = "500ms"
    statement_timeout: str | None = None
    lock_retries: int = 5
    environment: str | None = None

    def __repr__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["connection_string"] = self.connection_string and mask(self.connection_string)
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in values.items())})"


KEYS = tuple(field.name for field in fields(Settings) if field.name not in {"root", "config_path", "environment"})
"""What `pgmg.toml`, its environments, `PGMG_*` variables and options may set."""


def mask(text: str) -> str:
    """Return `text` with the passwords of connection strings replaced (rule 11.3)."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\g<keep>***", text)
    return text


def passwords(connection_string: str | None, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the passwords that may turn up in texts about this connection, longest first."""
    found = {match["secret"] for pattern in _SECRETS for match in pattern.finditer(connection_string or "")}
    found |= {secret[1:-1] for secret in found if secret[:1] == secret[-1:] == "'"}
    found.add((environ or {}).get("PGPASSWORD", ""))
    return tuple(sorted(found - {"", "'", "***"}, key=lambda secret: (-len(secret), secret)))


def load(
    path: str | Path = ".",
    *,
    config: str | Path | None = None,
    environment: str | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings for the working folder `path`; the later wins: defaults, file, environment, overrides.

    `config` names the file instead of looking for `pgmg.toml` upward from `path`. `environment` chooses a table
    `[environments.NAME]`. Overrides that are None count as not given; their relative folders, like those of `PGMG_*`
    variables, are relative to the current folder, those of the file to the file.

    Raises `ConfigError` for whatever is unknown, of a wrong type, or not there.
    """
    environ = os.environ if environ is None else environ
    start = _start(Path(path))
    config = config or environ.get("PGMG_CONFIG") or (start if start.is_file() else None)
    file = _find(start) if config is None else _named(Path(config))
    environment = environment or environ.get("PGMG_ENVIRONMENT") or None
    values: dict[str, _Value] = {}
    if file is not None:
        values.update(_from_file(file, environment))
    elif environment is not None:
        raise ConfigError(
            f"There is no {CONFIG_FILE} that could hold the environment {environment!r}", hint="create one: pgmg init"
        )
    values.update(_from_environment(environ))
    values.update(_from_overrides(overrides or {}))
    root = start if file is None else file.parent
    chosen = {key: _CHECKS[key](_expanded(value, environ)) for key, value in values.items()}
    chosen.update(_folders(chosen, values, root))
    if "connection_string" not in chosen and any(environ.get(name) for name in LIBPQ_VARIABLES):
        chosen["connection_string"] = ""
    return Settings(root=root, config_path=file, environment=environment, **chosen)  # type: ignore[arg-type]


# -- where values come from ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Value:
    """A raw value, what to call it in a message, where it stands, and what relative folders are relative to."""

    raw: object
    label: str
    where: Place | None
    base: Path

    def wrong(self, expected: str) -> ConfigError:
        return ConfigError(f"{self.label}: expected {expected}, not {_describe(self.raw)}", where=self.where)


def _start(path: Path) -> Path:
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow symbolic links
    if not path.exists():
        raise ConfigError(f"There is no folder {path}", hint="name the project's folder")
    return path


def _find(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        candidate = folder / CONFIG_FILE
        if os.path.isfile(candidate):  # noqa: PTH113 - Path.is_file() raises where a parent may not be read
            return candidate
    return None


def _named(config: Path) -> Path:
    config = Path(os.path.abspath(config.expanduser()))  # noqa: PTH100 - as above
    if not config.is_file():
        raise ConfigError(f"There is no file {config}", hint="create one with `pgmg init`, or name another")
    return config


def _from_file(file: Path, environment: str | None) -> dict[str, _Value]:
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
                hint=_nearest(environment, tables) or f"add a table [environments.{environment}]",
            )
        chosen.append((environment, tables[environment]))
    return {
        key: _Value(raw, _label(name, key), _place(file, text, name, key), file.parent)
        for name, table in chosen
        for key, raw in table.items()
    }


def _from_environment(environ: Mapping[str, str]) -> dict[str, _Value]:
    here = Path.cwd()
    named = ((key, f"PGMG_{key.upper()}") for key in KEYS)
    return {key: _Value(environ[name], name, None, here) for key, name in named if environ.get(name)}


def _from_overrides(overrides: Mapping[str, object]) -> dict[str, _Value]:
    for key in overrides:
        if key not in KEYS:
            raise ConfigError(f"There is no setting {key!r}", hint=_nearest(key, KEYS))
    here = Path.cwd()
    return {key: _Value(raw, key, None, here) for key, raw in overrides.items() if raw is not None}


# -- the file -----------------------------------------------------------------------------------------------------


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"Byte {error.start + 1} is not UTF-8", where=Place(_shown(file))) from None
    except OSError as error:
        raise ConfigError(f"Cannot be read: {error.strerror}", where=Place(_shown(file))) from None


def _parse(file: Path, text: str) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, position = str(error).partition(" (at ")
        lines = text.splitlines() or [""]
        numbers = [int(number) for number in re.findall(r"\d+", position)]
        line, column = numbers if len(numbers) == 2 else (len(lines), len(lines[-1]) + 1)  # noqa: PLR2004 - line, column
        shown = lines[line - 1] if line <= len(lines) else ""
        where = Place(_shown(file), line, column, mask(shown))
        raise ConfigError(f"Not valid TOML: {message}", where=where, hint="see https://toml.io") from None


def _known(table: Mapping[str, object], file: Path, text: str, name: str | None) -> None:
    for key in table:
        if key not in KEYS:
            near = _nearest(key, KEYS if name is not None else (*KEYS, "environments"))
            raise ConfigError(f"Unknown key {_label(name, key)}", where=_place(file, text, name, key), hint=near)


def _place(file: Path, text: str, environment: str | None, key: str) -> Place:
    """Find the line of a key: tomllib does not tell, and a message without a line sends people searching."""
    wanted = "" if environment is None else f"environments.{environment}"
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if header := re.match(r"\[\[?([^\]]+)\]", bare):
            table = re.sub(r"[\s\"']", "", header[1])
            if environment is None and table.split(".")[0] == key:
                return Place(_shown(file), number)
        elif table == wanted and re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[=.]", bare):
            return Place(_shown(file), number)
    return Place(_shown(file))


def _expanded(value: _Value, environ: Mapping[str, str]) -> _Value:
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
        return _VARIABLE.sub(variable, raw).replace("$${", "${") if isinstance(raw, str) else raw

    return _Value(expand(value.raw), value.label, value.where, value.base)


# -- checks, one a type -------------------------------------------------------------------------------------------


def _text(value: _Value) -> str:
    if not isinstance(value.raw, str) or not value.raw.strip():
        raise value.wrong("a text that is not empty")
    return value.raw


def _folder(value: _Value) -> Path:
    if not isinstance(value.raw, str | Path) or not str(value.raw):
        raise value.wrong("a folder")
    return Path(os.path.abspath(value.base / Path(value.raw).expanduser()))  # noqa: PTH100 - as above


def _schemas(value: _Value) -> tuple[str, ...]:
    """Take a list of schema names as they are; read one text as SQL would: `app, "My Schema"`."""
    raw = _split(value) if isinstance(value.raw, str) else value.raw
    if not isinstance(raw, list | tuple) or not raw or not all(isinstance(name, str) and name for name in raw):
        raise value.wrong("names of schemas")
    return tuple(cast("Iterable[str]", raw))


def _split(value: _Value) -> list[str]:
    text, names, position = str(value.raw).strip(), [], 0
    while position < len(text):
        found = _SCHEMA.match(text, position)
        if found is None:
            raise value.wrong('names of schemas, such as app, "My Schema"')
        names.append(found[1].replace('""', '"') if found[1] else found[2].lower())
        position = found.end()
    return names


def _recreate(value: _Value) -> Recreate:
    if value.raw not in tuple(Recreate):
        raise value.wrong(" or ".join(f'"{mode.value}"' for mode in Recreate))
    return Recreate(cast("str", value.raw))


def _duration(value: _Value) -> str:
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


def _count(value: _Value) -> int:
    match value.raw:
        case bool():
            pass
        case int(number) if number >= 0:
            return number
        case str(text) if text.strip().isdecimal():
            return int(text)
    raise value.wrong("a whole number, 0 or more")


_CHECKS = {
    "connection_string": _text,
    "migrations_dir": _folder,
    "code_dir": _folder,
    "state_schema": _text,
    "search_path": _schemas,
    "recreate": _recreate,
    "lock_timeout": _duration,
    "statement_timeout": _duration,
    "lock_retries": _count,
}


def _folders(chosen: Mapping[str, object], values: Mapping[str, _Value], root: Path) -> dict[str, Path]:
    """Return the folders that count; every one that is configured must be there (rule 3.7)."""
    configured = {key: cast("Path", chosen[key]) for key in DEFAULT_FOLDERS if key in chosen}
    if not configured:
        usual = {key: root / name for key, name in DEFAULT_FOLDERS.items()}
        found = {key: folder for key, folder in usual.items() if folder.is_dir()}
        if not found:
            names = " and ".join(DEFAULT_FOLDERS.values())
            raise ConfigError(f"No project here: neither {CONFIG_FILE} nor the folders {names}", hint="pgmg init")
        return found
    for key, folder in configured.items():
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise ConfigError(
                f"{values[key].label}: {folder} {what}", where=values[key].where, hint=f"create it: mkdir -p {folder}"
            )
    if len({folder.resolve() for folder in configured.values()}) < len(configured):
        raise ConfigError(
            "migrations_dir and code_dir are the same folder",
            where=values["code_dir"].where,
            hint="migrations run once, code is declared: keep them apart",
        )
    return configured


# -- words --------------------------------------------------------------------------------------------------------


def _label(environment: str | None, key: str) -> str:
    return key if environment is None else f"environments.{environment}.{key}"


def _shown(file: Path) -> str:
    return Path(os.path.relpath(file)).as_posix()


def _nearest(word: str, candidates: Iterable[str]) -> str | None:
    import difflib

    known = sorted(candidates)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}" if known else None


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
