"""The options and the report of `pgmg import`."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from pgmg.model.lazy_dataclass import dataclass


class Layout(StrEnum):
    """How files are laid out below the code folder."""

    SCHEMA = "schema"  # app/views/daily.sql
    KIND = "kind"  # views/app.daily.sql
    FLAT = "flat"  # view.app.daily.sql


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The selection of objects, and the layout of their files.

    `names` are objects; none means all. `schemas`, `kinds` and `include` narrow the choice, `exclude` takes out of it
    (patterns: `pgmg.model.naming.name_patterns`). `baseline` also writes a first migration of what code files cannot
    declare.
    `force` replaces existing files. `adopt` writes no file: it records declared objects that the database has.
    `from_rust` writes no file either: it takes over the records of the original pgmg.
    `from_alembic` are Python modules: their entities of alembic_utils are written to files instead.
    `scratch` is a connection string of a server on which the proof may create a database.
    """

    names: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    layout: Layout = Layout.SCHEMA
    baseline: bool = False
    force: bool = False
    adopt: bool = False
    from_rust: bool = False
    from_alembic: tuple[str, ...] = ()
    verify: bool = True
    scratch: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that was written, or would be: `path` relative to the project, `objects` as they are named in plans.

    `is_changed` says that it existed with the text `before`, and that only the declarations of `objects` were replaced,
    which gives the text `after`.
    """

    path: str
    objects: tuple[str, ...] = ()
    is_changed: bool = False
    before: str | None = field(default=None, repr=False)
    after: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object, or something that belongs to one, that is not in the files, and why. `sql` recreates it."""

    object: str
    reason: str
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of an import: the next plan is empty, and pg_dump finds no difference.

    None: it was not examined; `why` says why. `differences` are the statements that only one of the two dumps holds.
    """

    is_planned_empty: bool | None = None
    is_dump_equal: bool | None = None
    why: str = ""
    compared: int = 0
    """Statements of pg_dump."""
    differences: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing that was examined speaks against it."""
        return self.is_dump_equal is not False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import or, with `dry_run`, of its plan.

    `records_only` says that no file is written: `files` declare what was recorded. `taken_over` are the migrations that
    the original pgmg had recorded. `needs` are ignored objects that the project refers to, with one that does.
    """

    files: tuple[ImportedFile, ...] = ()
    migrations: tuple[ImportedFile, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    proof: Proof = Proof()
    dry_run: bool = False
    duration_ms: float = 0.0
    needs: tuple[str, ...] = ()
    records_only: bool = False
    taken_over: tuple[str, ...] = ()

    @property
    def objects(self) -> int:
        """How many objects the files declare."""
        return sum(len(file.objects) for file in self.files)
