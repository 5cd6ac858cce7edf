"""Writes the files that a new project begins with."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.config.loading import DEFAULT_FOLDERS
from pgmg.config.settings import CONFIG_FILE
from pgmg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IGNORED = ".pgmg/"
_SCHEMA = "pgmg.schema.json"
_IGNORE_FILE = ".gitignore"
_TEMPLATE = "template.toml"


def create_project(folders: Mapping[str, object]) -> list[str]:
    """Write a commented pgmg.toml and the folders into the current folder; return what was done, a sentence each.

    `folders` holds other names than `migrations` and `sql`, by setting. Existing files are not changed. The folder
    .pgmg/ of the embedded server is added to .gitignore. The JSON Schema in it, for editors, is written each time.

    Raises:
        UsageError: the name of a folder contains a line break.
    """
    template = files("pgmg.config").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    for key, usual in DEFAULT_FOLDERS.items():
        wanted = str(folders.get(key, usual))
        if "\n" in wanted:
            raise UsageError(f"{key}: the folder's name contains a line break")
        # for paths, JSON strings are valid TOML strings
        template = template.replace(f'{key} = "{usual}"', f"{key} = {json.dumps(wanted, ensure_ascii=False)}")
    done = []
    config = Path(CONFIG_FILE)
    if config.exists():
        done.append(f"{config} exists and is not changed.")
        if folders:
            done.append(f"The given folders were not written to {config}.")
    else:
        with config.open("x", encoding="utf-8") as file:
            file.write(template)
        done.append(f"Wrote {config}")
        done += _create_missing(Path(str(folders.get(key, usual))) for key, usual in DEFAULT_FOLDERS.items())
    _ignore()
    _write_schema()
    return done


def _create_missing(folders: Iterable[Path]) -> list[str]:
    missing = [folder for folder in folders if not folder.is_dir()]
    for folder in missing:
        folder.mkdir(parents=True)
    return [f"Created {folder}/" for folder in missing]


def _write_schema() -> None:
    """Write the JSON Schema of pgmg.toml, which its first line names for editors."""
    schema = Path(_IGNORED) / _SCHEMA
    schema.parent.mkdir(exist_ok=True)
    text = files("pgmg.config").joinpath(_SCHEMA).read_text(encoding="utf-8")
    if not schema.exists() or schema.read_text(encoding="utf-8") != text:
        schema.write_text(text, encoding="utf-8")


def _ignore() -> None:
    """Add the embedded server's folder to .gitignore."""
    path = Path(_IGNORE_FILE)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not {_IGNORED, _IGNORED.rstrip("/"), f"/{_IGNORED}"} & set(text.split()):
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if text and not text.endswith("\n") else "") + f"{_IGNORED}\n")
