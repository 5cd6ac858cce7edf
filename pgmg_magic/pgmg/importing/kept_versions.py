"""Brings what was changed by hand in the database into the files that declare it: the other answer to drift."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.errors import ImportRefused
from pgmg.importing.database_versions import Versions, read_database_versions
from pgmg.importing.files.file_edits import edited
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import DECLARATIVE_KINDS, Kind
from pgmg.model.naming.text_hash import exact_hash
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.source import CodeFile
from pgmg.source.grammar.line_ends import like, with_line_feeds
from pgmg.source.statement_spans import StatementSpan, statement_spans

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from pgmg.catalog.reading.import_facts import Belongings
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison, ResolvedProject
    from pgmg.source import SourceFiles
    from pgmg.source.code_folder import CodeFolder

_DIFFERENT = frozenset({ChangeKind.DRIFTED, ChangeKind.ADOPTED, ChangeKind.MODIFIED, ChangeKind.MISSING})
_SEARCH_PATH = "search_path"
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class KeptVersions:
    """Files that get the database's version: their texts `before` and after, by path.

    `names` are the objects whose declaration changes, by path; `removed` those that the database no longer has, and
    `records` the names under which state has all of them.
    """

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, tuple[ObjectName, ...]] = field(default_factory=dict)
    removed: frozenset[ObjectName] = frozenset()
    records: tuple[str, ...] = ()

    @property
    def objects(self) -> frozenset[ObjectName]:
        """All objects whose declaration changes."""
        return frozenset(name for names in self.names.values() for name in names)

    def code_files(self) -> dict[str, CodeFile]:
        """Return the files as they will be read, by path."""
        return {path: CodeFile(path, text, exact_hash(text)) for path, text in self.after.items()}


NOTHING_KEPT = KeptVersions()


def keep_database_versions(
    conn: Connection,
    compared: Comparison,
    files: SourceFiles,
    named: Collection[ObjectName],
    belongings: Belongings,
    *,
    force: bool,
    is_given_path: bool = False,
) -> KeptVersions:
    """Return how files change so that they declare the `named` objects as the database has them.

    What belongs to a named object (comments, grants, triggers, indexes) is brought in where it was changed by hand.
    `is_given_path` is as for `read_import_facts`.

    Raises:
        ImportRefused: the database does not have a named object, an edit would be discarded without `force`, or
            something cannot be stated in a code file.
    """
    resolved = compared.resolved
    chosen = [d for d in compared.differences if d.change in _DIFFERENT and _is_meant(d, named, belongings, resolved)]
    _refuse_absent(compared, named)
    if not force:
        _refuse_discarding(chosen)
    if not chosen:
        return NOTHING_KEPT
    names = {d.name for d in chosen}
    name_of = resolved.resolver.name
    texts = {file.path: file for file in files.code or ()}
    spans: dict[str, tuple[StatementSpan, ...]] = {}
    homes: dict[str, list[ObjectName]] = {}
    for path, file in texts.items():  # a grant may be declared in several files
        mentioned = statement_spans(file) if _may_declare(file, chosen) else ()
        about = [name_of(target, span.settings) for span in mentioned for target, _ in span.declared]
        if here := list(dict.fromkeys(name for name in about if name in names)):
            spans[path], homes[path] = mentioned, here
    versions = _versions(conn, compared, spans, homes, is_given_path=is_given_path)
    _refuse_unstatable(chosen, versions)
    after: dict[str, str] = {}
    left = dict(versions)
    for path, here in homes.items():
        after[path] = edited(texts[path].text, spans[path], name_of, {name: left[name] for name in here})
        left.update(dict.fromkeys(here, ()))  # said once
    return KeptVersions(
        {path: texts[path].text for path in after},
        after,
        {path: tuple(here) for path, here in homes.items()},
        frozenset(name for name, statements in versions.items() if not statements),
        tuple(d.row.name for d in chosen if d.row is not None),
    )


def kept_texts(kept: KeptVersions, folder: CodeFolder) -> dict[Path, str]:
    """Return the texts to write by file, with the line ends and the byte order mark that each file has.

    Raises:
        ImportRefused: a file has changed since it was read.
        UsageError: a symbolic link leads out of the code folder.
    """
    found = {}
    for path, text in kept.after.items():
        file = folder.file(path).resolve()
        present = file.read_bytes().decode()
        mark = _BYTE_ORDER_MARK if present.startswith(_BYTE_ORDER_MARK) else ""
        if with_line_feeds(present.removeprefix(mark)) != kept.before[path]:
            raise ImportRefused(f"{path} has changed since it was read.", hint="Import again.")
        found[file] = mark + like(text, present)
    return found


def _versions(
    conn: Connection,
    compared: Comparison,
    spans: Mapping[str, Sequence[StatementSpan]],
    homes: Mapping[str, Sequence[ObjectName]],
    *,
    is_given_path: bool,
) -> Versions:
    """Read the database's versions: with all names qualified where a file sets a search_path of its own."""
    resolved = compared.resolved
    sets_path = {path for path in homes if any(_SEARCH_PATH in s for span in spans[path] for s in span.settings)}
    found: Versions = {}
    for qualified in (False, True):
        wanted = {name for path, names in homes.items() if (path in sets_path) is qualified for name in names}
        if wanted:
            found |= read_database_versions(
                conn,
                resolved.snapshot,
                wanted,
                resolved.resolver.name,
                compared.evidence,
                qualified=qualified,
                is_given_path=is_given_path,
            )
    return found


def _is_meant(
    difference: ObjectComparison, named: Collection[ObjectName], belongings: Belongings, resolved: ResolvedProject
) -> bool:
    """Say whether a declared object is named, or belongs to a named one."""
    if difference.declared is None:
        return False
    snapshot = resolved.snapshot
    about: ObjectName | None = difference.name
    while about is not None:
        if about in named:
            return True
        live = snapshot.objects.get(about)
        home = None if live is None else belongings.parents.get(live.address)
        about = about.parent if home is None or home not in snapshot.by_address else snapshot.by_address[home].name
    return False


def _may_declare(file: CodeFile, chosen: Sequence[ObjectComparison]) -> bool:
    """Say whether a file declares one of the chosen; what adds up (grants) may be in other files than the first."""
    paths = {d.declared.source.location.path for d in chosen if d.declared is not None}
    adds_up = any(d.name.kind in (Kind.GRANT, Kind.DEFAULT_PRIVILEGES) for d in chosen)
    return file.path in paths or (adds_up and ("GRANT" in file.text.upper() or "REVOKE" in file.text.upper()))


def _place(difference: ObjectComparison) -> str:
    assert difference.declared is not None
    location = difference.declared.source.location
    return f"{location.path}:{location.line}"


def _refuse_absent(compared: Comparison, named: Collection[ObjectName]) -> None:
    for one in compared.differences:
        absent = one.live is None and one.name.kind not in DECLARATIVE_KINDS
        if one.name in named and one.declared is not None and absent:
            raise ImportRefused(
                f"The database has no {one.name}, which {_place(one)} declares.",
                hint="`pgmg apply` creates it. If it is to stay away, delete its declaration.",
            )


def _refuse_discarding(chosen: Sequence[ObjectComparison]) -> None:
    for one in chosen:
        if one.change is ChangeKind.MODIFIED:
            raise ImportRefused(
                f"{one.name} was edited in {_place(one)} after it was applied: the import would discard the edit.",
                hint="`pgmg diff` shows it. --force discards it.",
            )


def _refuse_unstatable(chosen: Sequence[ObjectComparison], versions: Versions) -> None:
    for one in chosen:
        is_there = one.live is not None or one.change is ChangeKind.DRIFTED
        if is_there and not versions.get(one.name):
            raise ImportRefused(
                f"No statement of a code file states {one.name} as the database has it.",
                hint=f"Edit {_place(one)} by hand; `pgmg diff` shows the difference.",
            )
