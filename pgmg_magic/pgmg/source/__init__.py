"""Reads project files: SQL text in, objects, references and migrations out. The only home of postgast.

Names are loaded when they are first used: reading files does not load the grammar.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.source.declarations import merge_grants, parse_code, parse_file, parse_recorded
    from pgmg.source.grammar.rewriting import (
        normal_form,
        or_replace,
        plain_create,
        same_but_formatting,
        same_definition,
        same_wording,
        split_statements,
        statements_hash,
        without_data,
    )
    from pgmg.source.migrations.inner_drops import drops_within
    from pgmg.source.migrations.parse import parse_migration
    from pgmg.source.project_files import SourceFiles, read_files

__all__ = [
    "SourceFiles",
    "drops_within",
    "merge_grants",
    "normal_form",
    "or_replace",
    "parse_code",
    "parse_file",
    "parse_migration",
    "parse_recorded",
    "plain_create",
    "read_files",
    "same_but_formatting",
    "same_definition",
    "same_wording",
    "split_statements",
    "statements_hash",
    "without_data",
]


def __getattr__(name: str) -> object:
    match name:
        case "SourceFiles" | "read_files":
            home = "project_files"
        case "parse_code" | "parse_file" | "parse_recorded" | "merge_grants":
            home = "declarations"
        case "drops_within":
            home = "migrations.inner_drops"
        case "parse_migration":
            home = "migrations.parse"
        case _ if name in __all__:
            home = "grammar.rewriting"
        case _:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
