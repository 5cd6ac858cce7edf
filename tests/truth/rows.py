"""What `diff --rows` says before a change is applied, against the rows that are there before and after."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

import pgmg
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.results.row_questions import RowDifference, RowOptions
from tests.truth import world
from tests.truth.expressions import TYPES, Column
from tests.truth.outcome import Outcome, without_names
from tests.truth.queries import USUAL, Relation, quoted

VIEWS = 11
_PLAIN_TYPES = frozenset(
    {"integer", "bigint", "numeric", "double precision", "text", "character", "boolean", "date", "interval", "jsonb"}
    | {"timestamp without time zone", "integer[]", "text[]", "int4range", "character varying"}
)
_WITHOUT = r"CAST\(\{num\} AS text\)|\{flt\}|to_number|trim_scale|concat_ws|\{num\}\)::text|'-0'"
"""Forms whose text depends on which of several equal values the server happens to keep."""


@dataclass(frozen=True)
class Declared:
    """An object of a generated project: `text` is its statement, `header` what its file sets before."""

    kind: str  # view, materialized view, function, type
    name: str
    text: str
    header: str = ""
    columns: tuple[Column, ...] = ()
    query: str = ""

    @property
    def file(self) -> str:
        return f"sql/{re.sub('[^a-z0-9_]', '_', self.name.lower())}.sql"

    @property
    def body(self) -> str:
        return f"{self.header}{self.text};\n"


@dataclass
class Project:
    """The declared objects in an order in which they can be created."""

    objects: dict[str, Declared] = field(default_factory=dict)

    def files(self) -> dict[str, str]:
        return {one.file: one.body for one in self.objects.values()}

    @property
    def views(self) -> list[Declared]:
        return [one for one in self.objects.values() if one.columns]


class Author:
    """Writes projects and edits them; a server tells what can be created."""

    def __init__(self, random_: random.Random, conn: psycopg.Connection, tables: Sequence[world.Table]) -> None:
        self.random = random_
        self.conn = conn
        self.tables = [table.relation for table in tables]
        self.writer = world.queries_for(random_, conn.info.server_version // 10000, without=_WITHOUT)
        self._number = 0

    # -- the server's judgement -----------------------------------------------------------------------

    def build(self, project: Project) -> Project | str:
        """Create everything and take it back; return the project with its columns, or who could not be created."""
        made: dict[str, Declared] = {}
        self.conn.execute("SAVEPOINT build")
        try:
            for one in project.objects.values():
                try:
                    made[one.name] = self._try(one)
                except psycopg.Error as error:
                    world.REJECTED.append((str(error).splitlines()[0], one.text))
                    return one.name
        finally:
            world.back_to(self.conn, "build")
        return Project(made)

    def _try(self, one: Declared) -> Declared:
        self.conn.execute("SET LOCAL statement_timeout = '150ms'; SET LOCAL search_path = public")
        if one.header:
            self.conn.execute(one.header.replace("SET ", "SET LOCAL ", 1))
        self.conn.execute(one.text)
        self.conn.execute("SET LOCAL search_path = public")
        columns: tuple[Column, ...] = ()
        if one.query:
            (number,) = self.conn.execute(f"SELECT count(*) FROM {one.name} AS all_rows").fetchone()
            self.conn.execute(f"SELECT * FROM {one.name}").fetchall()
            if number > 60:
                raise psycopg.DataError("too many rows")
            columns = world.columns_of(self.conn, one.name)
        self.conn.execute("SET LOCAL statement_timeout = 0")
        return replace(one, columns=columns)

    # -- writing --------------------------------------------------------------------------------------

    def project(self) -> Project:
        """Return a new project: each object is tried over those before it, which are there."""
        project = Project()
        self.conn.execute("SAVEPOINT project")
        kinds = ["type"]
        while kinds:
            one = self._new(project, kinds[0], None)
            self.conn.execute("SAVEPOINT one")
            try:
                project.objects[one.name] = self._try(one)
            except psycopg.Error as error:
                world.REJECTED.append((str(error).splitlines()[0], one.text))
                world.back_to(self.conn, "one")
                continue
            kinds = kinds[1:]
            if not kinds and len(project.views) < VIEWS:
                kinds = [self.random.choice(["view"] * 6 + ["materialized view", "function"])]
        world.back_to(self.conn, "project")
        return project

    def _extended(self, project: Project, kind: str, at: int) -> Project:
        """Return a project with one more object, before the one with this number."""
        one, names = self._new(project, kind, at), list(project.objects.values())
        return Project({o.name: o for o in (*names[:at], one, *names[at:])})

    def _new(self, project: Project, kind: str, at: int | None) -> Declared:
        self._number += 1
        seen = list(project.objects.values())[:at]
        match kind:
            case "type":
                name = f"kind{self._number}"
                return Declared("type", name, f"CREATE TYPE {name} AS ENUM ('one', 'two', 'three')")
            case "function":
                return self._function(seen)
            case _:
                name = self.random.choice(
                    [f"v{self._number}", f"v{self._number}", f"app.v{self._number}", f'"V {self._number}"']
                )
                columns = [
                    ("id", "int") if n == 0 and self.random.random() < 0.4 else (f"k{n}", self.random.choice(USUAL))
                    for n in range(1 + self.random.randrange(4))
                ]
                return self.view(kind, name, columns, seen)

    def view(self, kind: str, name: str, columns: list[tuple[str, str]], seen: Sequence[Declared]) -> Declared:
        """Return a view with such columns over tables and what was written before."""
        header = "SET search_path = app, public;\n" if self.random.random() < 0.15 else ""
        query = self._query(columns, seen, in_app=bool(header))
        if header and "." not in name and not name.startswith('"'):
            name = f"public.{name}"
        return Declared(kind, name, self._create(kind, name, query), header, query=query)

    def _create(self, kind: str, name: str, query: str) -> str:
        return f"CREATE {kind.upper()} {name} AS {query}"

    def _query(self, columns: list[tuple[str, str]], seen: Sequence[Declared], *, in_app: bool = False) -> str:
        views = [Relation(one.name, one.columns) for one in seen if one.columns]
        if in_app:
            views = [replace(v, name=v.name.removeprefix("app.")) if self.random.random() < 0.5 else v for v in views]
        self.writer.relations = [*self.random.sample(self.tables, 2), *views, *views]
        forms: dict[str, list[str]] = {}
        for one in seen:
            if one.kind == "function":
                forms.setdefault("int", []).append(f"{one.name}({{int}})")
            elif one.kind == "type":
                forms.setdefault("text", []).append(
                    f"(CASE WHEN {{bool}} THEN 'two' ELSE 'three' END)::{one.name}::text"
                )
                forms.setdefault("bool", []).append(f"'one'::{one.name} < ('two')::{one.name}")
        self.writer.expressions.extra = forms
        return self.writer.query(columns)

    def _function(self, seen: Sequence[Declared]) -> Declared:
        name = self.random.choice([f"fn{self._number}", f"fn{self._number}", f"app.fn{self._number}"])
        views = [one for one in seen if one.columns]
        inner = "$1 + 1"
        if views and self.random.random() < 0.7:
            read = self.random.choice(views)
            inner = f"(SELECT count(*)::integer FROM {read.name} AS r) + $1"
        elif self.random.random() < 0.5:
            others = [one for one in seen if one.kind == "function"]
            inner = f"{self.random.choice(others).name}($1) * 2" if others else "$1 * 3"
        text = self.random.choice([
            f"CREATE FUNCTION {name}(n integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT {inner}'",
            f"CREATE FUNCTION {name}(n integer) RETURNS integer LANGUAGE sql STABLE AS $body$ SELECT {inner}; -- of v1\n$body$",
            f"CREATE FUNCTION {name}(n integer) RETURNS integer LANGUAGE sql STABLE RETURN {inner.replace('$1', 'n')}",
            f"CREATE FUNCTION {name}(n integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$BEGIN RETURN {inner.replace('$1', 'n')}; END$$",
        ])  # fmt: skip
        return Declared("function", name, text)

    # -- editing --------------------------------------------------------------------------------------

    def edited(self, before: Project) -> Project:
        """Return a project with some objects changed, added or deleted, as far as the server takes it."""
        project = Project(dict(before.objects))
        for _ in range(2 + self.random.randrange(5)):
            for _ in range(6):
                tried = self.build(self._edit(Project(dict(project.objects))))
                if isinstance(tried, Project):
                    project = tried
                    break
        return project

    def _edit(self, project: Project) -> Project:
        names = list(project.objects)
        choice = self.random.random()
        if choice < 0.08:
            used = " ".join(one.text for one in project.objects.values())
            unused = [
                o for o in project.views if len(re.findall(rf"\b{re.escape(o.name.rpartition('.')[2])}\b", used)) < 2
            ]
            if unused:
                del project.objects[self.random.choice(unused).name]
            return project
        if choice < 0.2:
            at = self.random.randrange(len(names))
            tried = self.build(self._extended(project, self.random.choice(["view", "function", "type"]), at))
            return self._use(tried, at) if isinstance(tried, Project) else project
        name = names[int(self.random.random() ** 1.5 * len(names))]  # what others read, rather
        one, at = project.objects[name], names.index(name)
        seen = [project.objects[n] for n in names[:at]]
        if one.kind == "function":
            new = self._function(seen)
            project.objects[name] = replace(one, text=new.text.replace(f" {new.name}(", f" {name}(", 1))
        elif one.columns:
            project.objects[name] = self._changed(one, seen)
        return project

    def _use(self, project: Project, at: int) -> Project:
        """Write a later view anew, now that there is something more to be used."""
        names = list(project.objects)
        later = [n for n in names[at + 1 :] if project.objects[n].columns]
        if later:
            name = self.random.choice(later)
            seen = [project.objects[n] for n in names[: names.index(name)]]
            project.objects[name] = self._changed(project.objects[name], seen, anew=True)
        return project

    def _changed(self, one: Declared, seen: Sequence[Declared], *, anew: bool = False) -> Declared:
        columns = [(c.name.strip('"'), c.type or "text") for c in one.columns]
        choice = self.random.random()
        if choice < 0.2 and not one.header:
            columns = self._other_columns(columns)
        if anew or choice < 0.45:
            query = self._query(columns, seen, in_app=bool(one.header))
        else:
            query = self._derived(one, columns)
        kind = one.kind
        if self.random.random() < 0.05:
            kind = "view" if kind == "materialized view" else "materialized view"
        return replace(one, kind=kind, text=self._create(kind, one.name, query), query=query)

    def _other_columns(self, columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the columns with one more, one fewer, or one of another type."""
        found = list(columns)
        at = self.random.randrange(len(found))
        match self.random.randrange(4):
            case 0:
                found.append((f"more{at}", self.random.choice(USUAL)))
            case 1 if len(found) > 1:
                del found[at]
            case 2:
                found[at] = (found[at][0], self.random.choice(USUAL))
            case _:
                self.random.shuffle(found)
        return found

    def _derived(self, one: Declared, columns: list[tuple[str, str]]) -> str:
        """Return a query over the view's former one: some rows fewer, some values others."""
        known = {c.name.strip('"'): c.type for c in one.columns}
        write = self.writer.expressions.write
        from tests.truth.expressions import Scope

        scope = Scope(tuple(Column(f"was.{c.name}", c.type) for c in one.columns))
        listed = []
        for column, type_ in columns:
            spelled = quoted(column)
            if column not in known:
                value = f"({write(type_, scope, 1)})"
            elif known[column] != type_ and known[column] is not None:
                value = (
                    f"was.{spelled}::text::{TYPES[type_]}"
                    if self.random.random() < 0.5
                    else f"was.{spelled}::{TYPES[type_]}"
                )
            elif known[column] is not None and self.random.random() < 0.3:
                value = (
                    f"({write(type_, scope, 1)})"
                    if self.random.random() < 0.5
                    else f"CASE WHEN {write('bool', scope, 1)} THEN was.{spelled} END"
                )
            else:
                value = f"was.{spelled}"
            listed.append(f"{value} AS {spelled}")
        where = f" WHERE {write('bool', scope, 1)}" if self.random.random() < 0.5 else ""
        tail = self.random.choice(["", "", "", " ORDER BY {} LIMIT 2", " ORDER BY {} OFFSET 1"])
        order = tail.format(", ".join(str(n) for n in range(1, len(listed) + 1)))
        return f"SELECT {', '.join(listed)} FROM ({one.query}) AS was{where}{order}"


# -- the ground truth ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """The rows of a view at one time: the table that holds them, and its columns with their types."""

    table: str
    columns: dict[str, str]
    oids: dict[str, int]


def remember(conn: psycopg.Connection, name: str, table: str) -> Side | str:
    """Copy the rows of a view; values of types that the project declares as text."""
    columns = conn.execute(
        "SELECT attname::text, format_type(atttypid, NULL), atttypid::int8, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [name],
    ).fetchall()
    listed = ", ".join(
        quoted(c) if t in _PLAIN_TYPES else f"{quoted(c)}::text AS {quoted(c)}" for c, t, _, _ in columns
    )
    try:
        conn.execute(f"CREATE TABLE truth.{table} AS SELECT {listed} FROM {name}")
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    return Side(f"truth.{table}", {c: spelled for c, _, _, spelled in columns}, {c: oid for c, _, oid, _ in columns})


def difference(conn: psycopg.Connection, old: Side | None, new: Side | None, key: Sequence[str]) -> dict[str, object]:
    """Return what differs, in the words of `RowDifference`, by queries of our own."""

    def count(query: str) -> int:
        return int(conn.execute(query).fetchone()[0])

    before = None if old is None else count(f"SELECT count(*) FROM {old.table}")
    after = None if new is None else count(f"SELECT count(*) FROM {new.table}")
    if old is None or new is None:
        return {
            "before": before,
            "after": after,
            "added": after or 0,
            "removed": before or 0,
            "changed": None,
            "columns": {},
        }
    common = [c for c in old.columns if c in new.columns]
    if not common:
        return {"before": before, "after": after, "added": after, "removed": before, "changed": None, "columns": {}}
    value = {c: f"{quoted(c)}" if old.oids[c] == new.oids[c] else f"{quoted(c)}::text" for c in common}
    every = ", ".join(value.values())

    def more(columns: str, one: Side, other: Side) -> int:
        return count(
            f"SELECT count(*) FROM (SELECT {columns} FROM {one.table} EXCEPT ALL SELECT {columns} FROM {other.table}) AS x"
        )

    if not key:
        each = {c: max(more(v, new, old), more(v, old, new)) for c, v in value.items()}
        return {
            "before": before,
            "after": after,
            "added": more(every, new, old),
            "removed": more(every, old, new),
            "changed": None,
            "columns": each,
        }
    same = " AND ".join(f"b.{value[k]} = a.{value[k]}" for k in key)
    joined = f"FROM {old.table} AS b FULL JOIN {new.table} AS a ON {same}"
    first = quoted(key[0])
    differ = {c: f"b.{v} IS DISTINCT FROM a.{v}" for c, v in value.items()}
    some = " OR ".join(v for c, v in differ.items() if c not in key) or "false"
    both = f"b.{first} IS NOT NULL AND a.{first} IS NOT NULL"
    return {
        "before": before,
        "after": after,
        "added": count(f"SELECT count(*) {joined} WHERE b.{first} IS NULL"),
        "removed": count(f"SELECT count(*) {joined} WHERE a.{first} IS NULL"),
        "changed": count(f"SELECT count(*) {joined} WHERE {both} AND ({some})"),
        "columns": {c: count(f"SELECT count(*) {joined} WHERE {both} AND {v}") for c, v in differ.items()},
    }


def told(found: RowDifference) -> dict[str, object]:
    """Return an answer in the same words."""
    return {
        "before": found.before,
        "after": found.after,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "columns": {c.name: c.differing for c in found.columns if c.differing is not None},
    }


# -- cases --------------------------------------------------------------------------------------------


def check(folder: Path, dsn: str, scratch: psycopg.Connection, seed: int) -> Outcome:
    """Write a project, apply it, edit it, ask, apply, look. `scratch` is to another empty database on the server."""
    random_ = random.Random(seed)
    outcome = Outcome()
    major = scratch.info.server_version // 10000
    tables = world.tables(random_)
    world.set_up(scratch, tables, major)
    author = Author(random_, scratch, tables)
    first = author.project()
    second = author.edited(first)
    scratch.rollback()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA truth")
        case = _Files(folder, dsn)
        case.write({"migrations/001_base.sql": _base(tables)} | first.files())
        try:
            case.apply()
        except pgmg.PgmgError as error:
            outcome.also[f"first apply: {_short(error)}"] += 1
            return outcome
        _disturb(random_, conn, tables)
        case.write(second.files(), remove=[f for f in first.files() if f not in second.files()])
        names = {one.name: one for one in (*first.views, *second.views)}
        old = {n: remember(conn, n, f"b{i}") for i, n in enumerate(names) if n in first.objects}
        asked = list(names)
        try:
            said = case.ask(asked, RowOptions())
            sampled = case.ask(asked, RowOptions(limit=3))
            case.apply()
        except pgmg.PgmgError as error:
            outcome.also[f"second apply: {_short(error)}"] += 1
            return outcome
        new = {n: remember(conn, n, f"a{i}") for i, n in enumerate(names) if n in second.objects}
        for name in asked:
            texts = tuple(getattr(p.objects.get(name), "text", "") for p in (first, second))
            context = (*texts, _listing(first, second))
            _judge(outcome, conn, _Case(name, old.get(name), new.get(name), said[name], sampled[name], context))
    return outcome


@dataclass(frozen=True)
class _Case:
    """One view: its rows before and after, what was said of it, and what a reader of a failure wants to know."""

    name: str
    old: Side | str | None
    new: Side | str | None
    said: RowDifference
    sampled: RowDifference
    context: tuple[str, ...]


def _judge(outcome: Outcome, conn: psycopg.Connection, case: _Case) -> None:
    outcome.cases += 1
    said = case.said
    codes = {note.code: note.message for note in said.notes}
    if isinstance(case.old, str) or isinstance(case.new, str):
        outcome.also["that cannot be read themselves"] += 1
        return
    if "unknown" in codes:
        outcome.unknown[without_names(codes["unknown"].rpartition("no way: ")[2])] += 1
        return
    real = difference(conn, case.old, case.new, said.key)
    if case.new is None or case.old is None:
        real["changed"] = said.changed
    if "failed" in codes:
        outcome.wrong.append((case.name, codes["failed"], str(real), *case.context))
        return
    differs = bool(real["added"] or real["removed"] or real["changed"])
    outcome.also["that differ"] += differs
    if told(said) != real:
        what = (f"said {told(said)}", f"true {real}", f"key {said.key}, notes {said.notes}")
        shown = _values(conn, case, [c for c, n in real["columns"].items() if told(said)["columns"].get(c) != n])
        outcome.wrong.append((case.name, *what, *case.context, *shown))
    elif case.sampled.is_known and not differs and not _nothing(case.sampled):
        outcome.wrong.append((case.name, f"sampled {told(case.sampled)}", f"true {real}", *case.context))


def _values(conn: psycopg.Connection, case: _Case, columns: Sequence[str]) -> list[str]:
    """Return all values of some columns on both sides, for whoever looks into a wrong answer."""
    found = []
    for side, when in ((case.old, "before"), (case.new, "after")):
        for column in columns if isinstance(side, Side) else ():
            (values,) = conn.execute(f"SELECT array_agg({quoted(column)}::text) FROM {side.table}").fetchone()
            found.append(f"{when}, {column} {side.columns[column]}: {values}")
    return found


def _nothing(found: RowDifference) -> bool:
    return not (found.added or found.removed or found.changed)


def _listing(first: Project, second: Project) -> str:
    changed = [n for n in second.objects if n not in first.objects or first.objects[n].text != second.objects[n].text]
    gone = [n for n in first.objects if n not in second.objects]
    return f"changed {changed}, deleted {gone}"


def _short(error: Exception) -> str:
    return without_names(str(error).splitlines()[0])


def _base(tables: Sequence[world.Table]) -> str:
    statements = [statement for table in tables for statement in (table.create, *table.fill)]
    return world.BASE + "".join(f"{statement};\n" for statement in statements)


def _disturb(random_: random.Random, conn: psycopg.Connection, tables: Sequence[world.Table]) -> None:
    """Change some rows, so that materialized views hold others than they would be filled with."""
    for table in tables:
        if random_.random() < 0.5:
            column, type_ = random_.choice([c for c in table.columns if c[0] != "id" and c[0] not in table.generated])
            conn.execute(f"UPDATE {table.name} SET {quoted(column)} = {world.value(random_, type_)} WHERE id % 3 = 0")
        if random_.random() < 0.3:
            conn.execute(f"DELETE FROM {table.name} WHERE id = {random_.randrange(9)}")


class _Files:
    """A project folder."""

    def __init__(self, root: Path, dsn: str) -> None:
        self.root, self.dsn = root, dsn
        (root / "migrations").mkdir()
        (root / "sql").mkdir()
        (root / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\n')

    def write(self, files: dict[str, str], remove: Sequence[str] = ()) -> None:
        for path, text in files.items():
            (self.root / path).write_text(text, encoding="utf-8")
        for path in remove:
            (self.root / path).unlink()

    def _open(self):
        return pgmg.Project.open(self.root, connection_string=self.dsn)

    def apply(self) -> None:
        with self._open() as project:
            project.apply(yes=True)

    def ask(self, names: Sequence[str], options: RowOptions) -> dict[str, RowDifference]:
        """Return the answers by name; where a view becomes a materialized view or back, that of the new one."""
        with self._open() as project:
            found = project.diff_rows([name.removeprefix("public.") for name in names], options)
        answers = {
            one.object.display_name: one for one in sorted(found, key=lambda one: one.change is not ChangeKind.DELETED)
        }
        return {name: answers[name.removeprefix("public.")] for name in names}
