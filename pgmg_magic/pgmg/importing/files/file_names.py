"""Names the files of imported objects, so that every file system takes them and no two collide."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.import_report import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 100
"""Characters of a name: file systems take 255 bytes, archives and people fewer."""
_SYMBOLS = {
    "+": "plus", "-": "minus", "*": "star", "/": "slash", "<": "lt", ">": "gt", "=": "eq", "~": "tilde", "!": "bang",
    "@": "at", "#": "hash", "%": "percent", "^": "caret", "&": "amp", "|": "pipe", "`": "tick", "?": "question",
}  # fmt: skip
_FOLDERS = {Kind.POLICY: "policies", Kind.STATISTICS: "statistics", Kind.DEFAULT_PRIVILEGES: "default_privileges"}
_FOLDERS |= {Kind.INDEX: "indexes", Kind.OPERATOR_CLASS: "operator_classes", Kind.OPERATOR_FAMILY: "operator_families"}
_FOLDERS |= {Kind.TEXT_SEARCH_DICTIONARY: "text_search_dictionaries"}
_RESERVED = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)})
"""Names that Windows keeps for devices."""


def folder(kind: Kind) -> str:
    """Return the folder of a kind: `views`, `policies`."""
    return _FOLDERS.get(kind, f"{kind.value}s")


@dataclass(slots=True)
class FileNames:
    """Gives out paths relative to the code folder; `taken` are those of other files."""

    layout: Layout
    taken: set[str] = field(default_factory=set)

    @classmethod
    def beside(cls, layout: Layout, existing: Iterable[str]) -> FileNames:
        """Return names beside existing paths."""
        return cls(layout, {path.casefold() for path in existing})

    def path(self, name: ObjectName, *, overloaded: bool) -> str:
        """Return the path of an object's file; of an `overloaded` one it spells the arguments."""
        wanted = self._wanted(name, overloaded=overloaded)
        path, number = f"{wanted}.sql", 1
        while path.casefold() in self.taken:
            number += 1
            path = f"{wanted}-{number}.sql"
        self.taken.add(path.casefold())
        return path

    def _wanted(self, name: ObjectName, *, overloaded: bool) -> str:
        schema = (name.parent.schema if name.parent is not None else name.schema) or ""
        stem = _stem(name, overloaded=overloaded)
        space = slug(schema) if schema else ""
        match self.layout:
            case Layout.SCHEMA:
                return "/".join(filter(None, (space, folder(name.kind), stem)))
            case Layout.KIND:
                return f"{folder(name.kind)}/{'.'.join(filter(None, (space, stem)))}"
            case Layout.FLAT:
                return ".".join(filter(None, (name.kind.value, space, stem)))


def _stem(name: ObjectName, *, overloaded: bool) -> str:
    words = [name.name]
    match name.kind:
        case Kind.OPERATOR:
            words = ["_".join(_SYMBOLS.get(sign, sign) for sign in name.name), *(name.arguments or ())]
        case Kind.CAST:
            source, target = name.arguments or ("", "")
            words = [source, "as", target]
        case Kind.OPERATOR_CLASS | Kind.OPERATOR_FAMILY:
            words = [name.name, name.detail or ""]
        case _ if name.parent is not None:
            words = [name.parent.name, name.name]
        case _ if overloaded:
            words = [name.name, *(name.arguments or ("no arguments",))]
    return ".".join(slug(word) for word in words if word)[:_LONGEST].rstrip(".")


def slug(word: str) -> str:
    """Return a word with only letters, digits, `_` and `-`; never hidden, never empty."""
    plain = re.sub(r"[^\w-]+", "_", word).strip("_-" if len(word.strip("_-")) else "") or "unnamed"
    return f"{plain}_" if plain.casefold() in _RESERVED else plain
