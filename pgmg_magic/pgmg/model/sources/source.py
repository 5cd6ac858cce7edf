"""The contents of files: objects with references and facts, and migrations with the effects of their statements."""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.naming.names import Kind, ObjectName
    from pgmg.model.sources.facts import Facts

Parts = tuple[str, ...]
"""A possibly qualified name as written, unquoted and folded: `("app", "users")`."""


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as the grammar read it.

    `parts` keeps what was written, except that SQL's own spellings arrive as the grammar rewrites them
    (`int` → `("pg_catalog", "int4")`). `modifiers` is the text in parentheses (`"10,2"`), `dimensions` the
    number of `[]`. `relative` marks `table.column%TYPE`; then `parts` names the column.
    """

    parts: Parts
    modifiers: str = ""
    dimensions: int = 0
    setof: bool = False
    relative: bool = False


class RefKind(StrEnum):
    """In which of PostgreSQL's name spaces a reference looks."""

    RELATION = "relation"
    ROUTINE = "routine"
    TYPE = "type"
    OPERATOR = "operator"
    COLLATION = "collation"
    TEXT_SEARCH = "text_search"
    OPERATOR_CLASS = "operator_class"
    CAST = "cast"  # by the type that a value is cast to
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a statement uses (rule 2.1).

    `hard` references are recorded by the server in `pg_depend`; soft ones stand in text it does not track.
    `arguments` are given where the statement itself spells a routine's or operator's types (`EXECUTE FUNCTION f()`,
    `SFUNC = add_up` does not). `star` says that the relation is read by `*` or as a whole row; `columns` are the
    column names that could be attributed to it (never used to decide safety, only for lineage and messages).
    `settings` are the SET statements under which a migration uses the name, where several schemas may hold it.
    """

    kind: RefKind
    parts: Parts
    hard: bool = True
    star: bool = False
    arguments: tuple[TypeName, ...] | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The name of an object before `search_path` and catalog have been consulted.

    The fields mean what they mean in `ObjectName`, with types unresolved and schemas possibly unspoken.
    """

    kind: Kind
    parts: Parts
    arguments: tuple[TypeName, ...] | None = None
    parent: Target | None = None
    detail: str | None = None


PARTIAL_FILE = ""
"""The hash of a file that is recorded while some of its objects are left out, or have not had their turn."""

Later = tuple["tuple[Reference, ...]", "Facts | None"]
"""References and facts of an object."""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One declared object, or one attachment of an object (rule 1.3).

    `sql` is the statement exactly as written, LF line ends, without the closing semicolon and without leading
    comments; `location` is its first character. `settings` are the `SET` statements in force where it stands, in order.
    `hash` is the SHA-256 (hex) of `sql` and `settings`; `file_hash` that of the whole file.
    `contract` says that `-- pgmg: contract` pins its interface.

    `references` and `facts` of an object that was parsed by an earlier run are made when they are first asked for.
    """

    target: Target
    sql: str = field(repr=False)  # a password may stand in any SQL (rule 11.3)
    location: SourceLocation
    hash: str
    file_hash: str
    references: tuple[Reference, ...] = ()
    facts: Facts | None = field(default=None, repr=False)
    settings: tuple[str, ...] = ()
    contract: bool = False
    _late: Callable[[], Later] | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def kept(  # noqa: PLR0913, PLR0917 - the fields, in their order
        cls,
        late: Callable[[], Later],
        target: Target,
        sql: str,
        location: SourceLocation,
        hash_: str,
        file_hash: str,
        settings: tuple[str, ...],
        contract: bool,  # noqa: FBT001 - a field
    ) -> Self:
        """Return an object with these fields; `late` returns its references and facts."""
        made = object.__new__(cls)
        set_ = object.__setattr__
        set_(made, "target", target)
        set_(made, "sql", sql)
        set_(made, "location", location)
        set_(made, "hash", hash_)
        set_(made, "file_hash", file_hash)
        set_(made, "settings", settings)
        set_(made, "contract", contract)
        set_(made, "_late", late)
        return made

    if not TYPE_CHECKING:  # to a type checker, the fields are always there

        def __getattr__(self, name: str) -> Any:  # called for a field that has no value yet
            if name not in ("references", "facts"):
                raise AttributeError(name)
            references, facts = self._late()
            object.__setattr__(self, "references", references)
            object.__setattr__(self, "facts", facts)
            object.__setattr__(self, "_late", None)
            return references if name == "references" else facts


class Effect(StrEnum):
    """An effect of one migration statement on an object; its consequences for dependents are rule 4.2."""

    CREATE = "create"  # new relation, type, routine, schema …
    DROP = "drop"
    ADD_COLUMN = "add_column"
    DROP_COLUMN = "drop_column"
    RETYPE_COLUMN = "retype_column"
    RENAME_COLUMN = "rename_column"
    RENAME = "rename"
    SET_SCHEMA = "set_schema"
    DROP_CONSTRAINT = "drop_constraint"
    SET_DEFAULT = "set_default"  # or drop it
    REPLACE = "replace"  # CREATE OR REPLACE: same identity, dependents stay valid
    ALTER = "alter"  # ALTER FUNCTION, ALTER POLICY, ALTER TYPE … ADD VALUE: as REPLACE, of what exists
    CHANGES_COLUMNS = "reshape"  # anything else that may change columns: INHERIT, OF type, ATTACH PARTITION …
    METADATA_ONLY = "touch"  # nothing that a dependent can notice: constraints, storage, owner, row security

    @property
    def keeps_dependents_valid(self) -> bool:
        """Whether the object stays what it is, and what depends on it need not know."""
        return self in (Effect.METADATA_ONLY, Effect.SET_DEFAULT)


@dataclass(frozen=True, slots=True)
class Alteration:
    """One effect of one migration statement. `member` is the column or constraint; `new_name` after a rename.

    `if_exists` is IF EXISTS, or IF NOT EXISTS of what creates something. `columns` are the names and types of columns
    that it creates or retypes. `settings` are the SET statements under which the target is named, where several schemas
    may hold it.
    """

    effect: Effect
    target: Target
    member: str | None = None
    new_name: str | None = None
    if_exists: bool = False
    cascade: bool = False
    settings: tuple[str, ...] = ()
    columns: tuple[tuple[str, TypeName], ...] = ()

    def name_after(self, name: ObjectName) -> ObjectName | None:
        """Return the name that an object has after a RENAME TO or SET SCHEMA; None after anything else."""
        match self.effect:
            case Effect.RENAME if self.new_name is not None:
                return replace(name, name=self.new_name)
            case Effect.SET_SCHEMA:
                return replace(name, schema=self.new_name)
            case _:
                return None


class ScopeKind(StrEnum):
    """Which objects a statement may notice without naming them."""

    ANY = "any"
    OWNED = "owned"  # any object, as it belongs to a role or is in a tablespace; none is created
    RELATIONS = "relations"  # views and the like of a schema, or of all
    ROUTINES = "routines"
    TYPES = "types"
    TRIGGERS = "triggers"  # of a table
    ROWS = "rows"  # what rows that are written to a relation meet: constraints, triggers, rules …


@dataclass(frozen=True, slots=True)
class Scope:
    """Objects that a statement may notice without naming them; `name` is the schema or relation, () for all schemas."""

    kind: ScopeKind
    name: Parts = ()


class StatementKind(StrEnum):
    """How a migration statement is sent."""

    PLAIN = "plain"
    COPY_IN = "copy_in"  # COPY … FROM stdin with inline data
    OUTSIDE = "outside"  # cannot run inside a transaction block
    SKIPPED = "skipped"  # an outer BEGIN or COMMIT (rule 9.7)
    ASSERTION = "assertion"  # a query of the migration's head that must return true


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a migration: `sql` as written without its semicolon, `location` its first character.

    `references` are all names that it uses, of what earlier statements create as well; `scopes` is what it may notice
    beside. `sets`: all it does is to set something. `calls`: it runs the functions that it names, instead of storing
    their names. `creates_unnamed`: it creates objects that it does not name, as CREATE EXTENSION does.
    """

    sql: str = field(repr=False)
    location: SourceLocation
    kind: StatementKind = StatementKind.PLAIN
    data: str | None = field(default=None, repr=False)  # lines between COPY … FROM stdin and \\.
    alterations: tuple[Alteration, ...] = ()
    references: tuple[Reference, ...] = ()
    sets: bool = False
    scopes: tuple[Scope, ...] = ()
    calls: bool = False
    creates_unnamed: bool = False

    @property
    def position(self) -> tuple[int, int]:
        """Line and column, from 1."""
        return self.location.line or 1, self.location.column or 1


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file. `name` is its file name, `path` relative to the project, `hash` the SHA-256 of its text.

    What it requires is the first of its statements; `ensures` are the queries that must return true after all steps.
    With `built_in_privileges`, declared default privileges are set only after it.
    """

    name: str
    path: str
    text: str = field(repr=False)
    hash: str
    statements: tuple[Statement, ...] = ()
    no_transaction: bool = False
    built_in_privileges: bool = False
    ensures: tuple[Statement, ...] = ()

    @property
    def requires(self) -> tuple[Statement, ...]:
        """The queries that must return true before it runs."""
        return tuple(s for s in self.statements if s.kind is StatementKind.ASSERTION)

    @property
    def sent(self) -> tuple[Statement, ...]:
        """The statements that are sent: all but an outer BEGIN and COMMIT."""
        if all(s.kind is not StatementKind.SKIPPED for s in self.statements[-1:]):  # the COMMIT would be the last
            return self.statements
        return tuple(s for s in self.statements if s.kind is not StatementKind.SKIPPED)

    @property
    def alterations(self) -> tuple[Alteration, ...]:
        """The effects of all statements."""
        return tuple(alteration for statement in self.statements for alteration in statement.alterations)


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """A migration that has been read but not parsed: all that an applied one needs."""

    name: str
    path: str
    text: str = field(repr=False)
    hash: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying that stops nothing. `code` is a stable word such as `migration-edited`."""

    code: str
    message: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of the code folder that has been read but not parsed; `hash` is the SHA-256 (hex) of `text`."""

    path: str
    text: str = field(repr=False)
    hash: str
