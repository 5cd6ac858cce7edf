"""Names of objects: the kinds there are, and one spelling for each object that state, plans and people share."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from itertools import takewhile

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.quoting import spell, spelled_parts


class Kind(StrEnum):
    """The kind of an object; the value begins the object's name (rule 10)."""

    # declared under the code folder (rule 1.4)
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    AGGREGATE = "aggregate"
    TYPE = "type"  # enum, composite or range: which one is in the object's facts
    DOMAIN = "domain"
    OPERATOR = "operator"
    OPERATOR_FAMILY = "operator_family"
    OPERATOR_CLASS = "operator_class"
    CAST = "cast"
    COLLATION = "collation"
    TEXT_SEARCH_PARSER = "text_search_parser"
    TEXT_SEARCH_TEMPLATE = "text_search_template"
    TEXT_SEARCH_DICTIONARY = "text_search_dictionary"
    TEXT_SEARCH_CONFIGURATION = "text_search_configuration"
    TRIGGER = "trigger"
    EVENT_TRIGGER = "event_trigger"
    RULE = "rule"
    POLICY = "policy"
    INDEX = "index"
    STATISTICS = "statistics"
    COLUMN_DEFAULT = "column_default"  # of a view; those of tables are made by migrations
    COMMENT = "comment"
    GRANT = "grant"
    OWNER = "owner"
    FIRING = "firing"  # of a trigger, rule or event trigger: whether and when it fires
    DEFAULT_PRIVILEGES = "default_privileges"
    # only ever met in a database or in migrations
    TABLE = "table"  # ordinary, partitioned, foreign
    SEQUENCE = "sequence"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    SCHEMA = "schema"
    EXTENSION = "extension"
    LANGUAGE = "language"
    ROLE = "role"
    DATABASE = "database"
    PUBLICATION = "publication"
    OTHER = "other"
    MIGRATION = "migration"

    @property
    def sql_keyword(self) -> str:
        """The kind as SQL says it: `materialized view`, `text search dictionary`."""
        return self.value.replace("_", " ")


KINDS = {kind.value: kind for kind in Kind}
"""The kinds by their values: found faster than by `Kind(value)`, which thousands of rows would call."""


def kind_of(word: str) -> Kind | None:
    """Return the kind that a word such as `materialized_view` names, or None."""
    return Kind.__members__.get(word.upper())


RELATIONS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.TABLE, Kind.SEQUENCE, Kind.INDEX})
ROUTINES = frozenset({Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE})
TYPES = frozenset({Kind.TYPE, Kind.DOMAIN})
BLOCKING_KINDS = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.TRIGGER, Kind.POLICY, Kind.RULE}
"""Kinds for whose sake the server may refuse to alter or drop something else."""

DECLARED_KINDS = frozenset(takewhile(lambda kind: kind is not Kind.TABLE, Kind))
"""The kinds that a code folder declares (rule 1.4)."""

CHILD_KINDS = frozenset({Kind.TRIGGER, Kind.RULE, Kind.POLICY, Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.COLUMN})
PROPERTY_KINDS = frozenset({Kind.COMMENT, Kind.GRANT, Kind.OWNER, Kind.FIRING})
"""Kinds that say something of another object and have no existence of their own."""

DECLARATIVE_KINDS = PROPERTY_KINDS | {Kind.DEFAULT_PRIVILEGES}
"""Kinds that are said, and not made: those above, and what is said of objects still to come."""

_SPACES = {kind: min(space) for space in (RELATIONS, TYPES, ROUTINES) for kind in space}


def name_space(kind: Kind) -> Kind:
    """Return one kind for all that cannot share a name in a schema: relations, types, routines."""
    return _SPACES.get(kind, kind)


NameKey = tuple[Kind, str | None, str, tuple[str, ...] | None]


@dataclass(frozen=True, slots=True, order=True)
class ObjectName:
    """The identity of one object; `str()` is the name of rule 10.

    `schema` is None for kinds that live in none (casts, event triggers, attachments of a parent).
    `arguments` are canonical type spellings (`integer`, `status`, `app.kind[]`, without `public.`): input
    arguments of a routine, both sides of an operator (`NONE` where absent), source and target of a cast.
    `parent` is the relation of a trigger, rule or policy, or what a comment, grant, owner or firing is about.
    `detail` is the grantee of a grant (`public` for everybody), the access method of an operator class.
    """

    kind: Kind
    name: str = ""
    schema: str | None = None
    arguments: tuple[str, ...] | None = None
    parent: ObjectName | None = None
    detail: str | None = None
    _hash: int = field(default=0, init=False, repr=False, compare=False)
    _text: str = field(default="", init=False, repr=False, compare=False)

    def __hash__(self) -> int:  # names are asked for theirs tens of thousands of times in a plan
        known = self._hash
        if not known:
            known = hash((self.kind, self.name, self.schema, self.arguments, self.parent, self.detail))
            object.__setattr__(self, "_hash", known)
        return known

    def __reduce__(self) -> tuple[object, ...]:  # another process hashes differently
        return ObjectName, (self.kind, self.name, self.schema, self.arguments, self.parent, self.detail)

    def __str__(self) -> str:
        if not self._text:
            object.__setattr__(self, "_text", f"{self.kind.value}.{self.display_name}")
        return self._text

    def overloads(self, other: ObjectName) -> bool:
        """Say whether both are routines, or operators, of one name with other arguments."""
        alike = (self.kind in ROUTINES and other.kind in ROUTINES) or self.kind is other.kind is Kind.OPERATOR
        return alike and self != other and (self.schema, self.name) == (other.schema, other.name)

    @property
    def name_key(self) -> NameKey:
        """A key that only one object has at a time: a view and a table of one schema cannot share a name."""
        return name_space(self.kind), self.schema, self.name, self.arguments

    @property
    def display_name(self) -> str:
        """The name without its kind: `reporting.daily`, `stamp on tasks`, `calculate_total(integer, numeric)`."""
        match self.kind:
            case Kind.CAST:
                source, target = self.arguments or ("", "")
                return f"({source} as {target})"
            case kind if kind in PROPERTY_KINDS and self.parent is None:
                return self.name
            case Kind.COMMENT | Kind.OWNER | Kind.FIRING:
                return str(self.parent)
            case Kind.GRANT:
                return f"{self.parent} to {spell(self.detail or '')}"
            case Kind.COLUMN:
                return f"{self.parent.display_name if self.parent else ''}.{spell(self.name)}"
            case Kind.TRIGGER | Kind.RULE | Kind.POLICY | Kind.CONSTRAINT | Kind.COLUMN_DEFAULT:
                return f"{spell(self.name)} on {self.parent.display_name if self.parent else ''}"
            case Kind.OPERATOR:
                return f"{self._prefix}{self.name}({', '.join(self.arguments or ())})"
            case Kind.OPERATOR_CLASS | Kind.OPERATOR_FAMILY:
                return f"{self._prefix}{spell(self.name)} using {self.detail}"
            case Kind.MIGRATION | Kind.DEFAULT_PRIVILEGES | Kind.OTHER:
                return self.name
            case _:
                inside = "" if self.arguments is None else f"({', '.join(self.arguments)})"
                return f"{self._prefix}{spell(self.name)}{inside}"

    @property
    def _prefix(self) -> str:
        return "" if self.schema in (None, "public") else f"{spell(self.schema or '')}."

    @property
    def short_name(self) -> str:
        """The name in progress lines: bare, without arguments."""
        return self.display_name if self.arguments is None or self.kind is Kind.CAST else f"{self._prefix}{self.name}"


def unknown_object(key: str) -> ObjectName:
    """Return the name of an object of which nothing is known but how state calls it: `function.f(citext)`."""
    word, _, rest = key.partition(".")
    kind = kind_of(word)
    before, opened, inside = rest.partition("(")
    if kind is None or kind in (Kind.CAST, Kind.OPERATOR):
        return ObjectName(Kind.OTHER, key)
    if not opened or kind not in ROUTINES:
        return ObjectName(kind, rest)
    arguments = inside.removesuffix(")")
    *schema, name = spelled_parts(before)
    return ObjectName(kind, name, schema[0] if schema else None, tuple(arguments.split(", ")) if arguments else ())


def migration_name(file_name: str) -> ObjectName:
    """Return the name under which a migration file appears in plans."""
    return ObjectName(Kind.MIGRATION, file_name)
