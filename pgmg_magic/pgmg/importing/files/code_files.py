"""Puts the statements of imported objects into files: one an object, what belongs to it with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pgmg.importing.declared_text import DeclaredText, Unstated, declared_text
from pgmg.importing.files.spelling import Spelling
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.results.import_report import LeftOut
from pgmg.source.grammar.lexer import identifiers
from pgmg.source.grammar.line_ends import spelled
from pgmg.source.grammar.set_statements import BODIES_UNCHECKED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.catalog.reading.import_facts import ImportFacts
    from pgmg.importing.files.file_names import FileNames
    from pgmg.importing.selection import Selection
    from pgmg.model.database.snapshot import Address, LiveObject

_PRIVILEGES = ("GRANT ", "REVOKE ")
_UNDECLARABLE = "no statement of a code file creates it"


@dataclass(frozen=True, slots=True)
class ImportedCode:
    """The files to write below the code folder.

    `statements` are by path, relative to the code folder: groups that blank lines separate. `homes` says in which file
    an object is declared. `fixed` and `unstated` are left to a migration.
    """

    statements: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    homes: Mapping[ObjectName, str] = field(default_factory=dict)
    addresses: frozenset[Address] = frozenset()
    fixed: tuple[LeftOut, ...] = ()
    unstated: tuple[Unstated, ...] = ()
    has_default_privileges: bool = False
    """Whether those of the database are declared; there may be none."""
    sets_default_privileges: bool = False
    names: Mapping[Address, ObjectName] = field(default_factory=dict)
    """The names of all that the files create."""

    def named_by(self, address: Address) -> list[Address]:
        """Return routines and types that the file of an object may name, in bodies too."""
        name = self.names.get(address)
        if name is None or name not in self.homes:
            return []
        words = identifiers("\n".join(one for group in self.statements[self.homes[name]] for one in group))
        kinds = ROUTINES | TYPES
        return [other for other, one in self.names.items() if one.kind in kinds and one.name in words]


def code_files(
    selection: Selection, facts: ImportFacts, names: FileNames, *, privileges: bool, details: bool
) -> ImportedCode:
    """Return the files of all chosen objects; with `privileges` also those of default privileges.

    `details` says that a migration takes what code files cannot state.
    """
    spelling = Spelling(facts.home, facts.system_names)
    chosen = [live.name for live in selection.chosen]
    routines = Counter((name.schema, name.name) for name in chosen if name.arguments is not None)
    statements: dict[str, tuple[tuple[str, ...], ...]] = {}
    homes: dict[ObjectName, str] = {}
    created: dict[Address, ObjectName] = {}
    addresses: set[Address] = set()
    fixed = list(selection.left_out)
    unstated: list[Unstated] = []
    for live in selection.chosen:
        texts = _with_children(live, selection, facts, spelling, details=details)
        if texts is not None and live.address in facts.invalid_bodies:
            texts[live] = replace(texts[live], create=(BODIES_UNCHECKED, *texts[live].create))
        if texts is None:
            fixed.append(LeftOut(str(live.name), _UNDECLARABLE))
            continue
        for one, text in texts.items():
            addresses |= {one.address, *facts.parts.get(one.address, ())}
            unstated += text.unstated
        if texts[live].create:
            overloaded = routines[live.name.schema, live.name.name] > 1
            path = names.path(live.name, overloaded=overloaded)
            groups = _groups(list(texts.values()))
            statements[path] = tuple(tuple(map(spelled, group)) for group in groups)
            homes |= {one.name: path for one, text in texts.items() if text.create}
            created |= {one.address: one.name for one, text in texts.items() if text.create}
        for default in facts.view_defaults.get(live.address, ()):
            what = f"the default of its column {default.column}"
            unstated.append(Unstated(str(live.name), what, (default.statement,)))
    defaults = _default_privileges(facts) if privileges else {}
    for name, said in defaults.items():
        statements[names.path(name, overloaded=False)] = (said,)
    return ImportedCode(
        statements, homes, frozenset(addresses), tuple(fixed), tuple(unstated), privileges, bool(defaults), created
    )


def with_privileges(
    code: ImportedCode, privileges: Mapping[ObjectName, Sequence[str]], spelling: Spelling
) -> ImportedCode:
    """Return the files in which some objects state all their privileges, whatever new objects get by default."""
    statements = dict(code.statements)
    for name, said in privileges.items():
        path = code.homes.get(name)
        if path is None:
            continue
        kept = (tuple(one for one in group if not one.startswith(_PRIVILEGES)) for group in statements[path])
        stated = tuple(map(spelling.everywhere, said))
        statements[path] = tuple(group for group in (*kept, stated) if group)
    return replace(code, statements=statements)


def file_text(groups: Sequence[Sequence[str]]) -> str:
    """Return the text of a file."""
    return "\n\n".join("\n".join(f"{one};" for one in group) for group in groups) + "\n"


def _with_children(
    live: LiveObject, selection: Selection, facts: ImportFacts, spelling: Spelling, *, details: bool
) -> dict[LiveObject, DeclaredText] | None:
    """Return an object and what is on it; None where the object itself cannot be declared."""
    found: dict[LiveObject, DeclaredText] = {}
    for one in (live, *selection.children.get(live.name, ())):
        definition = facts.definitions.get(one.address)
        text = None if definition is None else declared_text(definition, spelling, details=details)
        if text is not None:
            found[one] = text
        elif one is live:
            return None
    return found


def _groups(texts: Sequence[DeclaredText]) -> list[tuple[str, ...]]:
    """One group each: what creates the object, what creates the objects on it, what is said about all of them."""
    own, *others = texts
    found = [own.create]
    found += [text.create for text in others if text.create]
    said = tuple(one for text in texts for one in text.stated)
    return [*found, said] if said else found


def _default_privileges(facts: ImportFacts) -> dict[ObjectName, tuple[str, ...]]:
    found: dict[ObjectName, list[str]] = defaultdict(list)
    for one in facts.default_privileges:
        found[ObjectName(Kind.DEFAULT_PRIVILEGES, one.role, one.schema)].append(one.statement)
    return {name: tuple(said) for name, said in found.items()}
