"""Errors about files outside the project quote nothing of them (rule 11.3).

A symbolic link in the code folder may lead to any file of the machine; that it is no SQL is all that is said of it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.errors import RefusedStatement, SourceError, SyntaxProblem
from pgmg.source.grammar.statements import PSQL_HINT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MESSAGE = "not valid SQL; a symbolic link leads to this file outside the project, so nothing of it is quoted"


def without_quotes(
    problems: Iterable[SourceError], root: Path, folders: Iterable[Path | None]
) -> tuple[SourceError, ...]:
    """Return problems of files, those of files outside `root` and `folders` without any text of the file."""
    inside = tuple(os.path.realpath(folder) for folder in (root, *folders) if folder is not None)
    return tuple(_unquoted(problem, root, inside) for problem in problems)


def _unquoted(problem: SourceError, root: Path, inside: tuple[str, ...]) -> SourceError:
    where = problem.where
    if where is None or _is_within(os.path.realpath(root / where.path), inside):
        return problem
    where = replace(where, text=None)
    if isinstance(problem, SyntaxProblem) or (isinstance(problem, RefusedStatement) and problem.hint == PSQL_HINT):
        return SyntaxProblem(_MESSAGE, where=where)
    return type(problem)(problem.message, where=where, hint=problem.hint)


def _is_within(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
