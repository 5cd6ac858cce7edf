"""`pgmg init`: creates a project, or the missing parts of one."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.cli.command import command
from pgmg.config import CONFIG_FILE, DEFAULT_FOLDERS
from pgmg.errors import UsageError
from pgmg.options import CODE_DIR, MIGRATIONS_DIR, SPEECH

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call

_IGNORED = ".pgmg/"
_SCHEMA = "pgmg.schema.json"
_IGNORE_FILE = ".gitignore"


@command(
    "init",
    MIGRATIONS_DIR,
    CODE_DIR,
    *SPEECH,
    example="pgmg init",
)
def command_(call: Call) -> None:
    """Write a commented pgmg.toml and the folders.

    In the current folder; existing files are not changed. The folder .pgmg/ of the embedded server is added to
    .gitignore; the JSON Schema in it, for editors, is written again each time.
    """
    template = files("pgmg.cli").joinpath("templates", CONFIG_FILE).read_text(encoding="utf-8")
    for key, usual in DEFAULT_FOLDERS.items():
        wanted = str(call.overrides.get(key, usual))
        if "\n" in wanted:
            raise UsageError(f"{key}: the folder's name contains a line break")
        # for paths, JSON strings are valid TOML strings
        template = template.replace(f'{key} = "{usual}"', f"{key} = {json.dumps(wanted, ensure_ascii=False)}")
    config = Path(CONFIG_FILE)
    if config.exists():
        call.result(f"{config} exists and is not changed.")
        if call.overrides:
            call.info(f"The given folders were not written to {config}.")
    else:
        with config.open("x", encoding="utf-8") as file:
            file.write(template)
        call.result(f"Wrote {config}")
        for key, usual in DEFAULT_FOLDERS.items():
            _create(call, Path(str(call.overrides.get(key, usual))))
    _ignore(call)
    _write_schema()
    call.info('Next: pgmg new "first tables", then write views and functions in the code folder, then pgmg plan.')


def _create(call: Call, folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        call.result(f"Created {folder}/")


def _write_schema() -> None:
    """Write the JSON Schema of pgmg.toml, which its first line names for editors."""
    schema = Path(_IGNORED) / _SCHEMA
    schema.parent.mkdir(exist_ok=True)
    text = files("pgmg.config").joinpath(_SCHEMA).read_text(encoding="utf-8")
    if not schema.exists() or schema.read_text(encoding="utf-8") != text:
        schema.write_text(text, encoding="utf-8")


def _ignore(call: Call) -> None:
    """Add the embedded server's folder to .gitignore."""
    path = Path(_IGNORE_FILE)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not {_IGNORED, _IGNORED.rstrip("/"), f"/{_IGNORED}"} & set(text.split()):
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if text and not text.endswith("\n") else "") + f"{_IGNORED}\n")
        call.result(f"Added {_IGNORED} to {path}" if text else f"Wrote {path}")
