"""A random project: its tables, its declared objects, what was done by hand, and every way to change them.

Each edit leaves a project that is valid as a whole: who loses what it refers to is changed along with it, as a careful
author would. What must nevertheless be refused is said by `refusals`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

T = TypeVar("T")

APP, READER, BOSS = "pgmg_test_app", "pgmg_test_reader", "pgmg_test_boss"
ROLES = (APP, READER, BOSS)
OTHER = "other"
"""The schema beside `public` that the projects may have."""
PLAIN = ("integer", "bigint", "text", "character varying(40)", "numeric(10,2)", "boolean", "timestamp with time zone")


class Chooser(Protocol):
    """Makes every decision; hypothesis stands behind it."""

    def below(self, limit: int) -> int:
        """Return a number from 0 to below `limit`."""


def pick(choose: Chooser, items: Sequence[T]) -> T:
    return items[choose.below(len(items))]


def chance(choose: Chooser, one_in: int) -> bool:
    """Come true once in so many times; False is the simpler outcome."""
    return choose.below(one_in) == one_in - 1


# --- what there is


@dataclass
class Column:
    name: str
    type: str | int  # a built-in type, or the id of a declared one
    held: bool = False  # a view that a migration made shows it: it stays, and of a built-in type


class Placed:
    """The schema of an object: `public` if its name has none."""

    name: str
    schema: str

    @property
    def spelled(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass
class Table(Placed):
    id: int
    name: str
    columns: list[Column]
    partitioned: bool = False
    schema: str = ""


@dataclass
class Declared(Placed):
    id: int
    name: str
    schema: str = ""
    folder: str = ""
    remark: int = 0
    comment: str | None = None
    column_comments: dict[str, str] = field(default_factory=dict)
    grants: set[tuple[str, str, str]] = field(default_factory=set)  # role, privilege, column or ""
    apart: bool = False  # comments and grants are in a file of their own


@dataclass
class Item:
    """One column of a view's SELECT: `column` of the base, bare or wrapped, or something without it."""

    form: str  # column, text, call, null, count, constant
    alias: str
    column: str = ""
    other: int = 0


@dataclass
class View(Declared):
    base: int = 0
    items: list[Item] = field(default_factory=list)
    star: bool = False
    where: int = 0
    barrier: bool = False
    materialized: bool = False
    indexes: dict[str, str] = field(default_factory=dict)  # name: column


@dataclass
class Function(Declared):
    form: str = "scalar"  # scalar, rows, trigger
    language: str = "sql"  # sql, atomic, plpgsql
    argument: str = "a"
    type: str = "text"
    second: str | int | None = None
    default: int = 1
    returns: str = "bigint"
    number: int = 0
    reads: int = 0
    column: str = ""
    calls: int = 0


@dataclass
class Trigger(Declared):
    on: int = 0
    function: int = 0
    of: str = ""
    when: str = ""


@dataclass
class Policy(Declared):
    on: int = 0
    column: str = ""
    function: int = 0


@dataclass
class Enum(Declared):
    labels: list[str] = field(default_factory=list)


@dataclass
class Domain(Declared):
    base: str = "text"
    default: int = 0
    checks: list[int] = field(default_factory=list)


@dataclass
class Composite(Declared):
    attributes: list[Column] = field(default_factory=list)


USER_TYPES = (Enum, Domain, Composite)


@dataclass
class ByHand:
    """Something done in the database that is to outlast every apply while its object is there.

    `what` is owner, grant, revoke, comment, index, view, regrant.
    """

    what: str
    on: int
    name: str = ""
    role: str = ""
    privilege: str = ""
    column: str = ""
    columns: list[tuple[str, str]] = field(default_factory=list)  # of a view: column of the base, own name
    option: bool = False


@dataclass
class Made(Placed):
    """An unmanaged view that a migration created, with the other such view that it reads."""

    name: str
    on: int  # a table
    columns: list[str]
    materialized: bool = False
    over: str = ""
    schema: str = ""

    @property
    def kind(self) -> str:
        return "MATERIALIZED VIEW" if self.materialized else "VIEW"


# --- the world


@dataclass
class World:
    serial: int = 0
    tables: dict[int, Table] = field(default_factory=dict)
    objects: dict[int, Declared] = field(default_factory=dict)
    migrations: list[tuple[str, str]] = field(default_factory=list)
    hand: list[ByHand] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    pinned: set[int] = field(default_factory=set)  # named in migrations: they must exist for ever
    hanging: set[int] = field(default_factory=set)  # functions under defaults and checks of tables
    schemas: list[str] = field(default_factory=lambda: [""])  # "" is public

    def copy(self) -> World:
        return copy.deepcopy(self)

    def next(self) -> int:
        self.serial += 1
        return self.serial

    def of(self, *types: type) -> list[Declared]:
        return [o for o in self.objects.values() if isinstance(o, types)]

    # -- spelling

    def placed(self) -> list[Placed]:
        """Return everything that has a name in a schema."""
        declared = [o for o in self.objects.values() if not isinstance(o, Trigger | Policy)]
        return [*self.tables.values(), *declared, *self.made]

    def is_free(self, schema: str, name: str) -> bool:
        by_hand = (done.name for done in self.hand if done.what == "view")
        spelled = f"{schema}.{name}" if schema else name
        return spelled not in (*(found.spelled for found in self.placed()), *by_hand)

    def name(self, id_: int) -> str:
        return (self.tables.get(id_) or self.objects[id_]).spelled

    def full(self, id_: int) -> str:
        """Return the name with its schema."""
        name = self.name(id_)
        return name if "." in name else f"public.{name}"

    def type(self, type_: str | int) -> str:
        return self.name(type_) if isinstance(type_, int) else type_

    def columns(self, id_: int) -> list[str]:
        """Return the column names of a table, a view, or the rows of a function."""
        if id_ in self.tables:
            return [column.name for column in self.tables[id_].columns]
        found = self.objects[id_]
        if isinstance(found, Function):
            return self.columns(found.reads)
        assert isinstance(found, View)
        return [*(self.columns(found.base) if found.star else ()), *(item.alias for item in found.items)]

    def relations(self, below: int, *, rows: bool = False) -> list[int]:
        """Return tables and views older than an object, so that no circle can come about."""
        views = [o.id for o in self.of(View) if o.id < below]
        functions = [o.id for o in self.of(Function) if o.id < below and o.form == "rows"] if rows else []
        return [*self.tables, *views, *functions]

    def scalars(self, below: int) -> list[int]:
        return [o.id for o in self.of(Function) if o.form == "scalar" and o.id < below]

    def types(self, below: int) -> list[int]:
        return [o.id for o in self.of(*USER_TYPES) if o.id < below]

    def signature(self, function: Function) -> str:
        if function.form in ("rows", "trigger"):
            return f"{function.spelled}()"
        second = f", {self.type(function.second)}" if function.second is not None else ""
        return f"{function.spelled}({function.type}{second})"

    def target(self, id_: int) -> str:
        """Return the object as COMMENT ON and GRANT ON name it."""
        if id_ in self.tables:
            return f"TABLE {self.name(id_)}"
        match self.objects[id_]:
            case View(materialized=True, spelled=name):
                return f"MATERIALIZED VIEW {name}"
            case View(spelled=name):
                return f"VIEW {name}"
            case Function() as function:
                return f"FUNCTION {self.signature(function)}"
            case Trigger(name=name, on=on):
                return f"TRIGGER {name} ON {self.name(on)}"
            case Policy(name=name, on=on):
                return f"POLICY {name} ON {self.name(on)}"
            case Domain(spelled=name):
                return f"DOMAIN {name}"
            case other:
                return f"TYPE {other.spelled}"

    def privileged(self, id_: int) -> str:
        return self.target(id_).replace("MATERIALIZED VIEW", "TABLE").replace("VIEW", "TABLE").replace("DOMAIN", "TYPE")

    # -- the project as files

    def files(self) -> dict[str, str]:
        found = {f"migrations/{name}": text for name, text in self.migrations}
        for declared in self.objects.values():
            folder = f"sql/{declared.folder}/" if declared.folder else "sql/"
            remark = f"-- remark {declared.remark}\n" if declared.remark else ""
            main, attached = f"{remark}{self.create(declared)};\n", "".join(f"{s};\n" for s in self.attached(declared))
            key = f"{folder}{declared.id:03d}_{declared.name}.sql"
            if declared.apart and attached:
                found[key], found[f"sql/about/{declared.id:03d}.sql"] = main, attached
            else:
                found[key] = main + attached
        return found

    def attached(self, declared: Declared) -> Iterator[str]:
        if declared.comment is not None:
            yield f"COMMENT ON {self.target(declared.id)} IS '{declared.comment}'"
        for column, text in declared.column_comments.items():
            yield f"COMMENT ON COLUMN {declared.spelled}.{column} IS '{text}'"
        for role, privilege, column in sorted(declared.grants):
            yield f"GRANT {privilege}{f' ({column})' if column else ''} ON {self.privileged(declared.id)} TO {role}"
        for name, column in declared.indexes.items() if isinstance(declared, View) else ():
            yield f"CREATE INDEX {name} ON {declared.spelled} ({column})"

    def create(self, declared: Declared) -> str:
        match declared:
            case View():
                return self._view(declared)
            case Function():
                return self._function(declared)
            case Trigger(name=name, on=on, function=function, of=of, when=when):
                timing = "INSTEAD OF INSERT" if on in self.objects else "BEFORE INSERT OR UPDATE"
                of = f" OF {of}" if of and on in self.tables else ""
                when = f" WHEN (NEW.{when} IS NOT NULL)" if when and on in self.tables else ""
                return (
                    f"CREATE TRIGGER {name} {timing}{of} ON {self.name(on)} FOR EACH ROW{when} "
                    f"EXECUTE FUNCTION {self.name(function)}()"
                )
            case Policy(name=name, on=on, column=column, function=function):
                value = f"{self.name(function)}({column}::text)" if function else column
                return f"CREATE POLICY {name} ON {self.name(on)} USING ({value} IS NOT NULL)"
            case Enum(spelled=name, labels=labels):
                spelled = ", ".join(f"'{label}'" for label in labels)
                return f"CREATE TYPE {name} AS ENUM ({spelled})"
            case Domain(spelled=name, base=base, default=default, checks=checks):
                said = f" DEFAULT '{default}'" if default else ""
                return f"CREATE DOMAIN {name} AS {base}{said}" + "".join(
                    f" CONSTRAINT k{c} CHECK (VALUE::text <> '{c}')" for c in checks
                )
            case Composite(spelled=name, attributes=attributes):
                return f"CREATE TYPE {name} AS ({', '.join(f'{a.name} {self.type(a.type)}' for a in attributes)})"
            case _:
                raise AssertionError(declared)

    def _view(self, view: View) -> str:
        options = " WITH (security_barrier = true)" if view.barrier and not view.materialized else ""
        shown = [*(["b.*"] if view.star else []), *(self._item(item) for item in view.items)]
        base = self.name(view.base)
        base += "()" if isinstance(self.objects.get(view.base), Function) else ""
        where = f" WHERE {view.where} > 0" if view.where else ""
        kind = "MATERIALIZED VIEW" if view.materialized else "VIEW"
        return f"CREATE {kind} {view.spelled}{options} AS SELECT {', '.join(shown)} FROM {base} b{where}"

    def _item(self, item: Item) -> str:
        match item.form:
            case "column":
                return f"b.{item.column}" + ("" if item.alias == item.column else f" AS {item.alias}")
            case "text":
                return f"b.{item.column}::text AS {item.alias}"
            case "call":
                return f"{self.name(item.other)}(b.{item.column}::text) AS {item.alias}"
            case "null":
                return f"NULL::{self.name(item.other)} AS {item.alias}"
            case "count":
                return f"(SELECT count(*) FROM {self.name(item.other)}) AS {item.alias}"
            case _:
                return f"1 AS {item.alias}"

    def _function(self, f: Function) -> str:
        head = f"CREATE FUNCTION {f.spelled}"
        if f.form == "trigger":
            asked = f"PERFORM count(b.{f.column}) FROM {self.name(f.reads)} b; " if f.reads else ""
            return f"{head}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {asked}RAISE DEBUG '{f.number}'; RETURN NEW; END $$"
        if f.form == "rows":
            # bodies name schemas: the server fills materialized views under a search_path of its own
            relation, where = self.name(f.reads), f" WHERE {f.number} >= 0"
            query = f"SELECT b.* FROM {self.full(f.reads)} b{where}"
            match f.language:
                case "plpgsql":
                    body = f"LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY {query}; END $$"
                case "atomic":
                    body = f"LANGUAGE sql BEGIN ATOMIC {query}; END"
                case _:
                    body = f"LANGUAGE sql AS $$ {query} $$"
            return f"{head}() RETURNS SETOF {relation} {body}"
        second = ""
        if f.second is not None:
            default = "NULL" if isinstance(f.second, int) else f"{f.default}"
            second = f", z {self.type(f.second)} DEFAULT {default}"
        value = f"length({f.argument}::text) + {f.number}"
        if f.calls:
            value += f" + length({self.full(f.calls)}({f.argument}::text)::text)"
        if f.reads:
            value += f" + (SELECT count(b.{f.column}) FROM {self.full(f.reads)} b)"
        value = f"({value})::{f.returns}"
        match f.language:
            case "plpgsql":
                body = f"LANGUAGE plpgsql AS $$ BEGIN RETURN {value}; END $$"
            case "atomic":
                body = f"LANGUAGE sql RETURN {value}"
            case _:
                body = f"LANGUAGE sql AS $$ SELECT {value} $$"
        return f"{head}({f.argument} {f.type}{second}) RETURNS {f.returns} {body}"

    # -- by hand

    def statement(self, done: ByHand) -> list[str]:
        match done:
            case ByHand(what="owner"):
                return [f"ALTER {self.target(done.on)} OWNER TO {done.role}"]
            case ByHand(what="grant" | "regrant"):
                column = f" ({done.column})" if done.column else ""
                option = " WITH GRANT OPTION" if done.option else ""
                said = f"GRANT {done.privilege}{column} ON {self.privileged(done.on)} TO {done.role}{option}"
                return [f"SET ROLE {READER}", said, "RESET ROLE"] if done.what == "regrant" else [said]
            case ByHand(what="revoke"):
                return [f"REVOKE {done.privilege} ON {self.privileged(done.on)} FROM PUBLIC"]
            case ByHand(what="comment"):
                about = f"COLUMN {self.name(done.on)}.{done.column}" if done.column else self.target(done.on)
                return [f"COMMENT ON {about} IS '{done.name}'"]
            case ByHand(what="index"):
                return [f"CREATE INDEX {done.name} ON {self.name(done.on)} ({done.column})"]
            case ByHand(what="view"):
                shown = ", ".join(f"b.{column} AS {own}" for column, own in done.columns)
                return [
                    f"CREATE VIEW {done.name} AS SELECT {shown} FROM {self.name(done.on)} b",
                    f"GRANT SELECT ON {done.name} TO {READER}",
                ]
            case _:
                raise AssertionError(done)

    # -- keeping it whole

    def repair(self) -> None:
        """Let go of everything that is no longer there, until all of it holds again."""
        while self._repair():
            pass

    def _repair(self) -> bool:
        before = copy.deepcopy(self.objects)
        for declared in list(self.objects.values()):
            match declared:
                case View():
                    self._repair_view(declared)
                case Function():
                    known = declared.reads in self.tables or declared.reads in self.objects
                    if declared.form == "rows" and not known:
                        declared.reads = next(iter(self.tables))
                    elif declared.reads and (not known or declared.column not in self.columns(declared.reads)):
                        declared.reads, declared.column = (0, "") if declared.form != "rows" else (declared.reads, "")
                    if declared.calls and declared.calls not in self.objects:
                        declared.calls = 0
                    if isinstance(declared.second, int) and declared.second not in self.objects:
                        declared.second = None
                case Trigger(on=on):
                    there = on in self.tables or (on in self.objects and not self.objects[on].materialized)
                    if not there or declared.function not in self.objects:
                        del self.objects[declared.id]
                        continue
                    declared.of = declared.of if declared.of in self.columns(on) else ""
                    declared.when = declared.when if declared.when in self.columns(on) else ""
                case Policy(on=on, column=column):
                    if on not in self.tables or column not in self.columns(on):
                        del self.objects[declared.id]
                    elif declared.function not in self.objects:
                        declared.function = 0
                case Composite():
                    for attribute in declared.attributes:
                        if isinstance(attribute.type, int) and attribute.type not in self.objects:
                            attribute.type = "text"
        return before != self.objects

    def _repair_view(self, view: View) -> None:
        if view.base not in self.tables and view.base not in self.objects:
            view.base = next(iter(self.tables))
        known = self.columns(view.base)
        view.items = [
            i
            for i in view.items
            if (not i.column or i.column in known)
            and (not i.other or i.other in self.tables or i.other in self.objects)
            and not (view.star and i.alias in known)
        ]
        if not view.items and not view.star:
            view.items = [Item("constant", f"k{self.next()}")]
        shown = self.columns(view.id)
        view.column_comments = {c: t for c, t in view.column_comments.items() if c in shown}
        view.grants = {g for g in view.grants if not g[2] or g[2] in shown}
        view.indexes = {n: c for n, c in view.indexes.items() if c in shown and view.materialized}

    def keep(self, old: World) -> None:
        """Forget what was made by hand and is gone with its object."""
        kept = []
        for done in self.hand:
            if done.what == "view":
                kept.append(done)
                continue
            if (done.on not in self.tables and done.on not in self.objects) or self.identity(done.on) != old.identity(
                done.on
            ):
                continue
            if done.column and done.column not in self.columns(done.on):
                continue
            now = self.objects.get(done.on)
            if done.what == "revoke" and now is not None and any(role == "PUBLIC" for role, _, _ in now.grants):
                continue
            if done.what == "comment" and now is not None:
                said = now.column_comments.get(done.column) if done.column else now.comment
                if said is not None:
                    continue
            kept.append(done)
        granted = {(d.on, d.privilege, d.column) for d in kept if d.what == "grant" and d.option}
        self.hand = [d for d in kept if d.what != "regrant" or (d.on, d.privilege, d.column) in granted]

    def identity(self, id_: int) -> str:
        """Return what tells an object from one that takes its place; a table keeps its own under any name."""
        return "table" if id_ in self.tables else self.target(id_)

    def column_users(self, id_: int) -> tuple[bool, bool]:
        """Tell whether table columns hold a type: directly, inside other types."""
        direct = any(c.type == id_ for t in self.tables.values() for c in t.columns)
        around = [o.id for o in self.of(Composite) if any(a.type == id_ for a in o.attributes)]
        return direct, any(any(self.column_users(other)) for other in around)


# --- what must not be


def refusals(old: World, new: World, *, rewrite: bool) -> tuple[list[str], list[str]]:
    """Return why going from one world to the next has to fail, and why it may."""
    must, may = [], []
    for done in new.hand:
        if done.what == "view":
            if (done.on not in new.tables and done.on not in new.objects) or new.identity(done.on) != old.identity(
                done.on
            ):
                must.append(f"{done.name} stands on what is gone")
            elif any(column not in new.columns(done.on) for column, _ in done.columns):
                must.append(f"{done.name} shows a column that is gone")
        elif done.what == "index" and done.on in new.objects and new.identity(done.on) == old.identity(done.on):
            if done.column not in new.columns(done.on):
                may.append(f"{done.name} is an index on a column that is gone")
    for id_, before in old.objects.items():
        after = new.objects.get(id_)
        if isinstance(before, USER_TYPES) and after is not None and not _in_place(before, after, new):
            used, nested = old.column_users(id_)
            used_now, nested_now = new.column_users(id_)
            if (used, nested) != (used_now, nested_now):
                may.append(f"{before.name} changes while migrations change who holds it")
            elif nested or (used and not rewrite):
                must.append(f"{before.name} is held by table columns")
            elif used and _retyped(before, after):
                may.append(f"{before.name} has an attribute for whose types there may be no cast")
        if isinstance(before, Domain) and isinstance(after, Domain) and before.default != after.default:
            if any(new.column_users(id_)):
                may.append(f"{before.name} gives another default to the rows of pending migrations")
        if isinstance(before, Function) and id_ in new.hanging and old.identity(id_) != (after and new.identity(id_)):
            may.append(f"{before.name} stands under a default or check")
    return must, may


def _retyped(before: Declared, after: Declared) -> bool:
    if not isinstance(before, Composite) or not isinstance(after, Composite):
        return False
    types = {attribute.name: attribute.type for attribute in before.attributes}
    return any(types.get(attribute.name, attribute.type) != attribute.type for attribute in after.attributes)


def _in_place(before: Declared, after: Declared, new: World) -> bool:
    match before, after:
        case Enum(), Enum():
            return [label for label in after.labels if label in before.labels] == before.labels
        case Domain(), Domain():
            return before.base == after.base
        case Composite(), Composite():
            return after.attributes[: len(before.attributes)] == before.attributes
        case _:
            return False
