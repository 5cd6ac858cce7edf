"""Parses the files of a code folder again and again: only those whose text is new, in this process and between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import SourceErrors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.sources.source import CodeFile, SourceObject
    from pgmg.source.parse_cache import ParseCache


_FEW = 3
"""So many files are parsed faster than a cache of results is opened."""


class CodeParser:
    """Remembers the results of the last files it was given."""

    def __init__(self, cache: ParseCache) -> None:
        self._cache = cache
        self._known: dict[str, tuple[CodeFile, tuple[SourceObject, ...] | SourceErrors]] = {}

    def parse(self, files: Iterable[CodeFile]) -> Mapping[str, tuple[SourceObject, ...] | SourceErrors]:
        """Return the objects of each file, or the errors in it, by path."""
        files = tuple(files)
        known = {file.path: one for file in files if (one := self._known.get(file.path)) and one[0] == file}
        unknown = [file for file in files if file.path not in known]
        if len(unknown) > _FEW:
            kept = self._cache.read(unknown)
            known |= {file.path: (file, kept[file.path]) for file in unknown if file.path in kept}
            unknown = [file for file in unknown if file.path not in kept]
        parsed = {file.path: (file, _parsed(file)) for file in unknown}
        self._cache.write({path: (file, one) for path, (file, one) in parsed.items() if isinstance(one, tuple)})
        known |= parsed
        self._known = known
        return {file.path: known[file.path][1] for file in files}


def _parsed(file: CodeFile) -> tuple[SourceObject, ...] | SourceErrors:
    from pgmg.source.declarations import parse_file

    try:
        return parse_file(file)
    except SourceErrors as error:
        return error
