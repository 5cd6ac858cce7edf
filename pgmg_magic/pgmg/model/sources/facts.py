"""Facts that a statement declares beyond the name, kind by kind, for the comparison with the database (rule 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from pgmg.model.sources.firing import Firing
    from pgmg.model.sources.source import Target, TypeName

Options = tuple[tuple[str, str], ...]
"""`WITH (…)` options in lower case, sorted, values as the server stores them: `(("security_barrier", "true"),)`."""


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """A view or materialized view.

    `query` is the text after AS, as written, without WITH CHECK OPTION or WITH [NO] DATA; for RECURSIVE views it is
    a complete query that selects from the recursive term. `columns` is the explicit column list, if there is one.
    """

    query: str
    columns: tuple[str, ...] | None = None
    options: Options = ()
    check_option: str | None = None  # "local" or "cascaded"
    with_data: bool | None = None  # None: not said
    recursive: bool = False
    storage: tuple[str, ...] = ()  # "tablespace", "access method" where it says so


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter. `mode` is `in`, `out`, `inout`, `variadic` or `table`; `default` the expression's text."""

    mode: str
    name: str | None
    type: TypeName
    default: str | None = None


@dataclass(frozen=True, slots=True)
class RoutineFacts:
    """A function or procedure. `result` is None for procedures and where OUT parameters alone say it."""

    arguments: tuple[Argument, ...]
    result: TypeName | None
    language: str
    is_trigger: bool = False
    atomic: bool = False  # BEGIN ATOMIC or RETURN: the server tracks what it uses
    body: str | None = None
    window: bool = False
    security_definer: bool = False

    @property
    def returns_set(self) -> bool:
        """It returns any number of rows."""
        in_columns = any(argument.mode == "table" for argument in self.arguments)
        return in_columns or (self.result is not None and self.result.setof)

    @property
    def result_columns(self) -> tuple[str, ...]:
        """The columns of its result that its arguments name."""
        return tuple(a.name or "" for a in self.arguments if a.mode in ("out", "inout", "table"))


@dataclass(frozen=True, slots=True)
class AggregateFacts:
    """An aggregate. `definition` holds its options in lower case with their text, sorted."""

    arguments: tuple[Argument, ...]
    state_type: TypeName | None
    definition: Options
    direct_arguments: int = 0
    ordered_set: bool = False


@dataclass(frozen=True, slots=True)
class EnumFacts:
    """An enum: labels in order, and renames asked for by `-- pgmg: rename 'old' to 'new'`."""

    labels: tuple[str, ...]
    renames: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a composite type."""

    name: str
    type: TypeName
    collation: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CompositeFacts:
    """A composite type."""

    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class RangeFacts:
    """A range type. `options` as written, names in lower case; `multirange` is the name of its multirange type."""

    subtype: TypeName
    options: Options = ()
    multirange: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DomainConstraint:
    """A CHECK of a domain. `name` is None where the server chooses one."""

    name: str | None
    expression: str


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """A domain."""

    base: TypeName
    collation: tuple[str, ...] | None = None
    default: str | None = None
    not_null: bool = False
    constraints: tuple[DomainConstraint, ...] = ()


@dataclass(frozen=True, slots=True)
class TriggerFacts:
    """A trigger. `constraint` triggers cannot be replaced in place."""

    constraint: bool = False


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A row security policy. `command` is `all`, `select`, `insert`, `update` or `delete`."""

    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """An index. `normal` is its definition in a spelling that does not depend on white space or quoting."""

    relation: Target
    unique: bool = False
    normal: str = ""
    options: Options = ()
    storage: tuple[str, ...] = ()  # "tablespace" where it says so


def stated_options(facts: object) -> dict[str, str]:
    """Return the options that a view, materialized view or index states, the check option among them."""
    if isinstance(facts, IndexFacts):
        return dict(facts.options)
    if not isinstance(facts, ViewFacts):
        return {}
    check = {"check_option": facts.check_option} if facts.check_option else {}
    return {**dict(facts.options), **check}


@dataclass(frozen=True, slots=True)
class DefinitionFacts:
    """An object that is compared as a whole: operator, cast, collation, rule, statistics, text search.

    `options` are its clauses, names in lower case, values in a spelling that does not depend on white space.
    """

    options: Options = ()
    normal: str = ""


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """A comment. `text` is None for `IS NULL`; `foreign` says that it is about a foreign table."""

    text: str | None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Privilege:
    """One privilege of a grant. `column` is set for column privileges; `granted` is False for REVOKE.

    `cascade` says that a REVOKE also takes back what the role has granted on; `option_only` that it takes the grant
    option alone: nothing is said of the privilege itself.
    """

    privilege: str  # upper case: SELECT, EXECUTE, …; "ALL" stays ALL
    column: str | None = None
    grantable: bool = False
    granted: bool = True
    cascade: bool = False
    option_only: bool = False


@dataclass(frozen=True, slots=True)
class DefaultScope:
    """Which objects to come ALTER DEFAULT PRIVILEGES is about.

    `creator` is the role that creates them (None: the role that applies), `schema` where (None: anywhere);
    `objects` is `tables`, `sequences`, `functions`, `types`, `schemas` or `large objects`, `grantee` a role.
    """

    creator: str | None
    schema: str | None
    objects: str
    grantee: str


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """The privileges of one role on one object: the sum of all GRANT and REVOKE statements about them, in order.

    `scope` is set for default privileges.
    """

    privileges: tuple[Privilege, ...]
    scope: DefaultScope | None = None


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """`ALTER … OWNER TO role`; `role` may be a key word (`pgmg.model.naming.roles`)."""

    role: str


@dataclass(frozen=True, slots=True)
class FiringFacts:
    """`ALTER TABLE … DISABLE TRIGGER` and its like: when a trigger, rule or event trigger fires."""

    firing: Firing


Facts = (
    ViewFacts
    | RoutineFacts
    | AggregateFacts
    | EnumFacts
    | CompositeFacts
    | RangeFacts
    | DomainFacts
    | TriggerFacts
    | PolicyFacts
    | IndexFacts
    | DefinitionFacts
    | CommentFacts
    | GrantFacts
    | OwnerFacts
    | FiringFacts
)
