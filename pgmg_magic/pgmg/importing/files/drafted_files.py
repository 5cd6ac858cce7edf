"""The files of an import before they are written: statements by path, from which some can be taken out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.importing.files.code_files import file_text
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.text_hash import exact_hash
from pgmg.model.sources.source import CodeFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ObjectGroups = tuple[tuple[str, ...], ...]
"""The statements of a file, in groups that blank lines separate; the first creates what the file is named after."""


@dataclass(frozen=True, slots=True)
class DraftedFiles:
    """Files by path relative to the project."""

    groups: Mapping[str, ObjectGroups]

    def code_files(self) -> tuple[CodeFile, ...]:
        """Return the files as if they had been read."""
        texts = self.texts()
        return tuple(CodeFile(path, text, exact_hash(text)) for path, text in texts.items())

    def texts(self) -> dict[str, str]:
        """Return the text of each file."""
        return {path: file_text(groups) for path, groups in self.groups.items()}

    def statement_at(self, path: str, line: int) -> str | None:
        """Return the statement that begins in a line or goes on there."""
        current = 1
        for group in self.groups.get(path, ()):
            for statement in group:
                following = current + statement.count("\n") + 1
                if line < following:
                    return statement
                current = following
            current += 1  # the blank line
        return None

    def without(self, path: str, statements: Collection[str]) -> DraftedFiles:
        """Take statements out of a file; the whole file where they create its object, or are not in it."""
        rest = dict(self.groups)
        groups = rest[path]
        held = {one for group in groups for one in group}
        if not held & set(statements) or set(groups[0]) & set(statements):
            del rest[path]
        else:
            kept = (tuple(one for one in group if one not in statements) for group in groups)
            rest[path] = tuple(group for group in kept if group)
        return DraftedFiles(rest)
