"""Settings from defaults, `pgmg.toml`, the environment and options; the later wins."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pgmg.config.config_file import find, from_file, named, nearest
from pgmg.config.settings import CONFIG_FILE, KEYS, LOCK_ATTEMPTS, Settings
from pgmg.config.values import CHECKS, SettingType, expanded
from pgmg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_FOLDERS = {"migrations_dir": "migrations", "code_dir": "sql"}
"""Folders that count without being configured, where they exist and no folder is configured."""

LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")
"""Variables of libpq that name a server or database."""

LAST_VARIABLE = "DATABASE_URL"
"""Names a server where nothing of pgmg and libpq does: many platforms set it."""


def loader(
    path: str | Path, config: Path | None, environment: str | None, overrides: Mapping[str, object]
) -> Callable[[], Settings]:
    """Return a function that loads the settings, as often as they may have changed.

    Paths are made absolute now: a notebook may change its working folder before the settings are read again.
    """
    start, file = _absolute(path), None if config is None else _absolute(config)
    given = {
        key: _absolute(value) if key in DEFAULT_FOLDERS else value
        for key, value in overrides.items()
        if value is not None
    }
    return lambda: load(start, config=file, environment=environment, overrides=given)


def _absolute(path: object) -> Path:
    return Path(str(path)).expanduser().absolute()


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
    `[environments.NAME]`; empty it means none, whatever the variable says. Overrides that are None count as not
    given; their relative folders, like those of `PGMG_*` variables, are relative to the current folder, those of the
    file to the file.

    Raises `ConfigError` for whatever is unknown, of a wrong type, or not there.
    """
    environ = os.environ if environ is None else environ
    start = _start(Path(path))
    config = config or (start if start.is_file() else environ.get("PGMG_CONFIG") or None)
    file = find(start) if config is None else named(Path(config))
    environment = (environ.get("PGMG_ENVIRONMENT") if environment is None else environment) or None
    values: dict[str, SettingType] = {}
    if file is not None:
        values.update(_in_retries(from_file(file, environment)))
    elif environment is not None:
        raise ConfigError(
            f"There is no {CONFIG_FILE} that could hold the environment {environment!r}", hint="create one: `pgmg init`"
        )
    values.update(_in_retries(_from_environment(environ)))
    values.update(_in_retries(_from_overrides(overrides or {})))
    root = start if file is None else file.parent
    chosen = {key: CHECKS[key](expanded(value, environ)) for key, value in values.items()}
    chosen.update(_folders(chosen, values, root))
    if "connection_string" not in chosen and any(environ.get(name) for name in LIBPQ_VARIABLES):
        chosen["connection_string"] = ""
    elif "connection_string" not in chosen and environ.get(LAST_VARIABLE):
        chosen["connection_string"] = environ[LAST_VARIABLE]
    return Settings(root=root, config_path=file, environment=environment, **chosen)  # type: ignore[arg-type]


def _start(path: Path) -> Path:
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow symbolic links
    if not path.exists():
        raise ConfigError(f"There is no folder {path}", hint="name the project's folder")
    return path


def _from_environment(environ: Mapping[str, str]) -> dict[str, SettingType]:
    here = Path.cwd()
    named = ((key, f"PGMG_{key.upper()}") for key in KEYS)
    return {key: SettingType(environ[name], name, None, here) for key, name in named if environ.get(name)}


def _from_overrides(overrides: Mapping[str, object]) -> dict[str, SettingType]:
    for key in overrides:
        if key not in KEYS:
            raise ConfigError(f"There is no setting {key!r}", hint=nearest(key, KEYS))
    here = Path.cwd()
    return {key: SettingType(raw, key, None, here) for key, raw in overrides.items() if raw is not None}


def _what_is_wrong(folder: Path) -> str | None:
    """Say why a folder is none; None where it is one."""
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError:
        return "leads nowhere" if folder.is_symlink() else "does not exist"
    except OSError as error:
        return f"cannot be reached: {error.strerror or type(error).__name__}"
    return None if stat.S_ISDIR(mode) else "is not a folder"


def _in_retries(values: dict[str, SettingType]) -> dict[str, SettingType]:
    """Return the values of one source with `lock_attempts` as `lock_retries`, so that the later source wins."""
    attempts = values.pop(LOCK_ATTEMPTS, None)
    if attempts is not None:
        count = CHECKS[LOCK_ATTEMPTS](attempts)
        values["lock_retries"] = replace(attempts, raw=cast("int", count) - 1)
    return values


def _folders(chosen: Mapping[str, object], values: Mapping[str, SettingType], root: Path) -> dict[str, Path]:
    """Return the folders that count; every one that is configured must be there (rule 3.7)."""
    configured = {key: cast("Path", chosen[key]) for key in DEFAULT_FOLDERS if key in chosen}
    if not configured:
        usual = {key: root / name for key, name in DEFAULT_FOLDERS.items()}
        # a link that leads nowhere counts: reading says what is wrong with it
        found = {key: folder for key, folder in usual.items() if folder.is_symlink() or _what_is_wrong(folder) is None}
        if not found:
            names = " and ".join(DEFAULT_FOLDERS.values())
            if (root / CONFIG_FILE).is_file():
                message = f"{root / CONFIG_FILE} names no folder, and the usual ones, {names}, are not there"
                raise ConfigError(message, hint=f"set {' or '.join(DEFAULT_FOLDERS)}")
            hint = "`pgmg init` begins a project, and `pgmg import --baseline` then takes an existing database over"
            raise ConfigError(f"No project in {root}: neither {CONFIG_FILE} nor the folders {names}", hint=hint)
        return found
    for key, folder in configured.items():
        if (wrong := _what_is_wrong(folder)) is not None:
            hint = (
                f"restore it (is it mounted, or on another branch?) or correct {key}; `pgmg init` begins a new project"
            )
            raise ConfigError(f"{values[key].label}: {folder} {wrong}", where=values[key].where, hint=hint)
    if len({folder.resolve() for folder in configured.values()}) < len(configured):
        raise ConfigError(
            "migrations_dir and code_dir are the same folder",
            where=values["code_dir"].where,
            hint="migrations run once, code is declared: keep them apart",
        )
    return configured
