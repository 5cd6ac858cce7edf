"""Random queries over known relations, with every form of FROM, grouping, set operation and WITH that there is.

The server is the judge of what was written: whoever uses a query creates a view of it first, and takes another where
the server objects.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.truth.expressions import Column, Expressions, Scope

SORTABLE = (
    "int",
    "big",
    "num",
    "flt",
    "text",
    "char",
    "bool",
    "date",
    "ts",
    "ivl",
    "json",
    "ints",
    "texts",
    "mood",
    "pair",
    "range",
)
USUAL = (
    "int",
    "int",
    "int",
    "text",
    "text",
    "bool",
    "num",
    "date",
    "json",
    "ints",
    "big",
    "mood",
    "pair",
    "ts",
    "ivl",
    "flt",
    "texts",
    "range",
    "char",
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def quoted(name: str) -> str:
    """Return a name as SQL spells it; the names of generated objects need quotes where they are not plain."""
    return (
        name
        if _PLAIN.fullmatch(name) and name not in ("order", "select", "user", "table")
        else '"' + name.replace('"', '""') + '"'
    )


@dataclass(frozen=True)
class Relation:
    """A table or view that may be read: how it is spelled, its columns, and whether it is a table."""

    name: str
    columns: tuple[Column, ...]
    is_table: bool = False
    schema: str = "public"

    @property
    def last(self) -> str:
        """The name without its schema, as it is spelled."""
        return re.split(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)', self.name)[-1]


@dataclass(frozen=True)
class _Item:
    """One item of FROM: its text, what it brings by alias, and the columns that USING merged."""

    text: str
    sources: tuple[tuple[str, tuple[Column, ...]], ...]
    merged: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """What queries may hold. `ordered`: also what depends on the order in which rows come."""

    sets: bool = True
    functions: tuple[str, ...] = ("listing", "pairs_of")
    ordered: bool = False
    json_table: bool = True
    sample: bool = True


class Queries:
    """Writes queries over `relations`, which may grow."""

    def __init__(self, random_: random.Random, expressions: Expressions, options: Options | None = None) -> None:
        self.random = random_
        self.expressions = expressions
        self.relations: list[Relation] = []
        self.options = options or Options()
        expressions.ordered = self.options.ordered
        self._number = 0
        self._ctes: list[Relation] = []

    # -- whole queries ------------------------------------------------------------------------------

    def query(self, columns: Sequence[tuple[str, str]], depth: int = 2, outer: Scope | None = None) -> str:
        """Return a query with columns of these names and types."""
        choice = self.random.random()
        known = len(self._ctes)
        head = self._with(depth) if depth > 0 and choice < 0.25 else ""
        choice = self.random.random()
        if self.options.sets and depth > 0 and choice < 0.14:
            body = self._set_operation(columns, depth, outer)
        elif depth > 0 and choice < 0.17:
            body = self._values(columns, outer)
        else:
            body = self._select(columns, depth, outer)
        del self._ctes[known:]
        return head + body

    def _subquery(self, types: Sequence[str], scope: Scope, depth: int) -> str | None:
        if depth < -1:
            return None
        columns = [(f"s{n}", type_) for n, type_ in enumerate(types)]
        return self.query(columns, max(depth, 0), scope)

    def _with(self, depth: int) -> str:
        parts, recursive = [], self.random.random() < 0.3
        for _ in range(self.random.choice([1, 1, 2])):
            columns = self._columns(2 + self.random.randrange(2))
            shadow = self.relations and self.random.random() < 0.3
            name = self.random.choice(self.relations).last if shadow else self._fresh("w")
            if recursive:
                columns[0] = (columns[0][0], "int")
                text = self._recursive(name, columns)
            else:
                listed = f" ({', '.join(quoted(c) for c, _ in columns)})" if self.random.random() < 0.4 else ""
                inner = [(self._fresh("c"), t) for _, t in columns] if listed else columns
                how = self.random.choice(["", "", " MATERIALIZED", " NOT MATERIALIZED"])
                text = f"{name}{listed} AS{how} ({self.query(inner, depth - 1)})"
            parts.append(text)
            self._ctes.append(Relation(name, tuple(Column(quoted(c), t) for c, t in columns)))
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "

    def _recursive(self, name: str, columns: Sequence[tuple[str, str]]) -> str:
        base = self._select(columns, 1, None, plain=True)
        first = quoted(columns[0][0])
        scope = Scope(tuple(Column(f"{name}.{quoted(c)}", t) for c, t in columns))
        rest = [f"({self.expressions.write(t, scope, 1)})" for _, t in columns[1:]]
        kind = self.random.choice(["UNION ALL", "UNION"])
        names = ", ".join(quoted(c) for c, _ in columns)
        step = ", ".join([f"{name}.{first} + 1", *rest])
        more = ""
        if self.random.random() < 0.3:
            more = self.random.choice(
                [
                    f" SEARCH DEPTH FIRST BY {first} SET seq_",
                    f" CYCLE {first} SET is_cycle USING path_",
                    f" SEARCH BREADTH FIRST BY {first} SET seq_",
                ]
            )
        return f"{name} ({names}) AS ({base} {kind} SELECT {step} FROM {name} WHERE {name}.{first} < 3){more}"

    def _set_operation(self, columns: Sequence[tuple[str, str]], depth: int, outer: Scope | None) -> str:
        operation = self.random.choice(
            ["UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL", "UNION DISTINCT"]
        )
        other = [(self._fresh("u"), type_) for _, type_ in columns]
        left, right = (
            self._select(columns, depth - 1, outer, exact=True),
            self._select(other, depth - 1, outer, exact=True),
        )
        form = self.random.random()
        if form < 0.3:
            right = f"({self._set_operation(other, depth - 1, outer)})" if depth > 1 else f"({right})"
        elif form < 0.5:
            left = f"({left})"
        tail = self._limit(len(columns)) if self.random.random() < 0.2 else ""
        return f"{left} {operation} {right}{tail}"

    def _values(self, columns: Sequence[tuple[str, str]], outer: Scope | None) -> str:
        """Return VALUES with names for its columns."""
        scope = Scope(outer=outer)
        rows = ", ".join(
            f"({', '.join(f'({self.expressions.write(t, scope, 1)})' for _, t in columns)})" for _ in range(2)
        )
        alias = self._fresh("x")
        names = ", ".join(quoted(c) for c, _ in columns)
        if self.random.random() < 0.5:
            listed = ", ".join(f"{alias}.column{n} AS {quoted(c)}" for n, (c, _) in enumerate(columns, 1))
            return f"SELECT {listed} FROM (VALUES {rows}) AS {alias}"
        return f"SELECT * FROM (VALUES {rows}) AS {alias}({names})"

    def _columns(self, number: int) -> list[tuple[str, str]]:
        return [(self._fresh("c"), self.random.choice(USUAL)) for _ in range(number)]

    def _fresh(self, stem: str) -> str:
        self._number += 1
        return f"{stem}{self._number}"

    # -- SELECT -------------------------------------------------------------------------------------

    def _select(
        self,
        columns: Sequence[tuple[str, str]],
        depth: int,
        outer: Scope | None,
        *,
        plain: bool = False,
        exact: bool = False,
    ) -> str:
        items = self._from(depth, outer)
        scope = self._scope(items, outer)
        text = f" FROM {', '.join(item.text for item in items)}" if items else ""
        where = f" WHERE {self.expressions.write('bool', scope, 2)}" if self.random.random() < 0.5 else ""
        kind = self.random.random()
        if plain or kind < 0.55 or not items:
            return f"SELECT {self._list(columns, scope, exact=exact or plain)}{text}{where}{self._tail(columns, scope, plain=plain)}"
        if kind < 0.7:
            return self._grouped(columns, scope, text + where)
        if kind < 0.82:
            return self._windowed(columns, scope, text + where)
        if kind < 0.9:
            return f"SELECT DISTINCT {self._list(columns, scope)}{text}{where}"
        if kind < 0.95:
            return self._distinct_on(columns, scope, text + where)
        return self._with_series(columns, scope, text + where)

    def _list(self, columns: Sequence[tuple[str, str]], scope: Scope, *, exact: bool = False) -> str:
        return ", ".join(self._output(name, self._value(type_, scope, exact=exact)) for name, type_ in columns)

    def _value(self, type_: str, scope: Scope, *, exact: bool = False) -> str:
        text = self.expressions.write(type_, scope, 2)
        if exact:  # set operations want one type on both sides
            from tests.truth.expressions import TYPES

            return f"({text})::{TYPES[type_]}"
        return text

    def _output(self, name: str, text: str) -> str:
        spelled = quoted(name)
        return (
            f"{text} {self.random.choice(['AS ', 'AS ', 'AS ', ''])}{spelled}"
            if _PLAIN.fullmatch(spelled)
            else f"{text} AS {spelled}"
        )

    def _tail(self, columns: Sequence[tuple[str, str]], scope: Scope, *, plain: bool) -> str:
        if plain:
            return ""
        choice = self.random.random()
        if self.options.ordered and choice < 0.12:
            return self.random.choice([" LIMIT 3", " OFFSET 2", f" ORDER BY {quoted(columns[-1][0])} DESC LIMIT 2"])
        if choice < 0.15:
            return self._limit(len(columns))
        if choice < 0.25:
            return f" ORDER BY {self.expressions.write('int', scope, 1)} + 0 DESC NULLS LAST"
        return ""

    def _limit(self, number: int) -> str:
        everything = ", ".join(map(str, range(1, number + 1)))
        return f" ORDER BY {everything}{self.random.choice([' LIMIT 4', ' OFFSET 1', ' LIMIT 3 OFFSET 1', ' FETCH FIRST 3 ROWS ONLY', ' FETCH FIRST 2 ROWS WITH TIES'])}"

    def _grouped(self, columns: Sequence[tuple[str, str]], scope: Scope, text: str) -> str:
        by, listed, groups = self.random.random(), [], []
        for number, (name, type_) in enumerate(columns, 1):
            aggregate = self.expressions.aggregate(type_, scope) if self.random.random() < 0.6 else None
            if aggregate is None:
                value = self.expressions.write(type_, scope, 1)
                groups.append(self.random.choice([str(number), f"({value})"]))
                listed.append(self._output(name, f"({value})"))
            else:
                listed.append(self._output(name, aggregate))
        having = f" HAVING {self.expressions.aggregate('bool', scope)}" if self.random.random() < 0.3 else ""
        if not groups:
            return f"SELECT {', '.join(listed)}{text}{having}"
        if by < 0.15:
            grouping = (
                f"GROUPING SETS (({', '.join(groups)}), ())"
                if not any(g.isdigit() for g in groups)
                else ", ".join(groups)
            )
        elif by < 0.25:
            grouping = f"ROLLUP ({', '.join(groups)})"
        elif by < 0.3:
            grouping = f"CUBE ({groups[0]}), {', '.join(groups)}"
        elif by < 0.35:
            grouping = f"DISTINCT {', '.join(groups)}"
        else:
            grouping = ", ".join(groups)
        return f"SELECT {', '.join(listed)}{text} GROUP BY {grouping}{having}"

    def _windowed(self, columns: Sequence[tuple[str, str]], scope: Scope, text: str) -> str:
        name = self._fresh("win") if self.random.random() < 0.4 else None
        listed = []
        for column, type_ in columns:
            value = self.expressions.window(type_, scope, name) if self.random.random() < 0.6 else None
            listed.append(self._output(column, value or self.expressions.write(type_, scope, 1)))
        window = f" WINDOW {name} AS (PARTITION BY {self.expressions.write('int', scope, 1)})" if name else ""
        return f"SELECT {', '.join(listed)}{text}{window}"

    def _distinct_on(self, columns: Sequence[tuple[str, str]], scope: Scope, text: str) -> str:
        """Return DISTINCT ON with an order that leaves no choice."""
        listed = [(name, self.expressions.write(type_, scope, 1)) for name, type_ in columns]
        order = ", ".join(str(n) for n in range(1, len(listed) + 1))
        on = self.random.choice([f"({listed[0][1]})", "1"])
        return f"SELECT DISTINCT ON ({on}) {', '.join(self._output(n, f'({v})') for n, v in listed)}{text} ORDER BY {order}"

    def _with_series(self, columns: Sequence[tuple[str, str]], scope: Scope, text: str) -> str:
        """Return a query with a function in its list that returns rows."""
        listed = []
        for name, type_ in columns:
            inner = self.expressions.write({"text": "texts", "json": "json"}.get(type_, "ints"), scope, 1)
            forms = {
                "int": [
                    f"unnest({inner})",
                    f"generate_series(1, 1 + abs({self.expressions.write('int', scope, 0)}) % 3)",
                    "generate_subscripts(" + inner + ", 1)",
                ],
                "text": [f"unnest({inner})", f"regexp_split_to_table({self.expressions.write('text', scope, 1)}, 'b')"],
                "json": [f"jsonb_path_query({inner}, '$.b[*]')"],
            }.get(type_)
            value = (
                self.random.choice(forms)
                if forms and self.random.random() < 0.6
                else self.expressions.write(type_, scope, 1)
            )
            listed.append(self._output(name, value))
        return f"SELECT {', '.join(listed)}{text}"

    # -- FROM ---------------------------------------------------------------------------------------

    def _scope(self, items: Sequence[_Item], outer: Scope | None) -> Scope:
        columns, rows = [], []
        names = Counter(c.name for item in items for _, cs in item.sources for c in cs)
        merged = Counter(c for item in items for c in item.merged)
        for item in items:
            for alias, its in item.sources:
                for column in its:
                    columns.append(Column(f"{alias}.{column.name}", column.type))
                    alone = names[column.name] == 1 or (
                        merged[column.name] and names[column.name] == merged[column.name] + 1
                    )
                    if alone:
                        columns.append(column)
            rows += item.rows
        return Scope(tuple(columns), tuple(rows), outer, self._subquery)

    def _from(self, depth: int, outer: Scope | None) -> list[_Item]:
        if self.random.random() < 0.03:
            return []
        found = [self._item(depth, outer, ())]
        while self.random.random() < 0.3 and len(found) < 3:
            found.append(self._item(depth, outer, tuple(found)))
        return found

    def _item(self, depth: int, outer: Scope | None, left: tuple[_Item, ...]) -> _Item:
        choice = self.random.random()
        if choice < 0.45 or (depth <= 0 and choice < 0.7):
            return self._relation()
        if choice < 0.72:
            return self._join(depth, outer, left)
        if choice < 0.84 and depth > 0:
            return self._derived(depth, outer, left)
        return self._function(left, outer)

    def _pool(self) -> list[Relation]:
        hidden = {cte.last for cte in self._ctes}
        return [r for r in self.relations if r.last not in hidden or "." in r.name] + self._ctes * 2

    def _relation(self) -> _Item:
        relation = self.random.choice(self._pool())
        name = relation.name
        is_cte = relation in self._ctes
        choice = self.random.random()
        if choice < 0.1 and not is_cte:
            name = self.random.choice([f"ONLY {name}", f"{name} *", f"ONLY ({name})"])
        elif choice < 0.14 and relation.is_table and self.options.sample:
            alias = self._fresh("a")
            text = f"{name} AS {alias} TABLESAMPLE {self.random.choice(['BERNOULLI', 'system'])} (100) REPEATABLE (1)"
            return _Item(text, ((alias, relation.columns),), rows=(alias,))
        choice = self.random.random()
        if choice < 0.3:
            qualified = relation.name if "." in relation.name and self.random.random() < 0.4 else relation.last
            return _Item(name, ((qualified, relation.columns),), rows=(relation.last,))
        alias = self._fresh("a")
        if choice < 0.5:
            number = 1 + self.random.randrange(len(relation.columns))
            renamed = [Column(self._fresh("r"), c.type) for c in relation.columns[:number]]
            columns = (*renamed, *relation.columns[number:])
            text = f"{name} AS {alias}({', '.join(c.name for c in renamed)})"
            return _Item(text, ((alias, columns),), rows=(alias,))
        return _Item(f"{name} {self.random.choice(['AS ', ''])}{alias}", ((alias, relation.columns),), rows=(alias,))

    def _derived(self, depth: int, outer: Scope | None, left: tuple[_Item, ...]) -> _Item:
        columns = self._columns(1 + self.random.randrange(3))
        alias = self._fresh("d")
        if self.random.random() < 0.15:
            relation = self.random.choice(self._pool())
            order = self.random.choice(["", "", f" ORDER BY {relation.last}.{relation.columns[0].name}"])
            text = f"(TABLE {self.random.choice(['', 'ONLY '])}{relation.name}{order}) AS {alias}"
            return _Item(text, ((alias, relation.columns),), rows=(alias,))
        if self.random.random() < 0.15:
            return self._row_columns(alias)
        lateral = bool(left) and self.random.random() < 0.5
        text = self.query(columns, depth - 1, self._scope(left, outer) if lateral else outer)
        shown = tuple(Column(quoted(c), t) for c, t in columns)
        listed = ""
        if self.random.random() < 0.4:
            shown = tuple(Column(self._fresh("r"), c.type) for c in shown)
            listed = f"({', '.join(c.name for c in shown)})"
        text = f"{'LATERAL ' if lateral else ''}({text}) AS {alias}{listed}"
        return _Item(text, ((alias, shown),), rows=(alias,))

    def _row_columns(self, alias: str) -> _Item:
        """Return a query that shows the columns of rows: of those of a relation, or of composite values."""
        relation, inner = self.random.choice(self._pool()), self._fresh("a")
        whole = self.random.choice([f"{inner}.*", f"({inner}).*"])
        listed, shown = [whole], list(relation.columns)
        pairs = [c.name for c in relation.columns if c.type == "pair"]
        if pairs and self.random.random() < 0.7:
            listed = [f"({inner}.{self.random.choice(pairs)}).*"]
            shown = [Column("x", "int"), Column("y", "text")]
        if self.random.random() < 0.5:
            more = self._fresh("c")
            listed.append(f"to_jsonb({inner}) AS {more}")
            shown.append(Column(more, "json"))
        text = f"(SELECT {', '.join(listed)} FROM {relation.name} AS {inner}) AS {alias}"
        return _Item(text, ((alias, tuple(shown)),), rows=(alias,))

    def _join(self, depth: int, outer: Scope | None, left_of: tuple[_Item, ...]) -> _Item:
        left, right = self._item(depth - 1, outer, left_of), self._item(depth - 1, outer, ())
        kind = self.random.choice(
            ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "INNER JOIN", "LEFT OUTER JOIN", "CROSS JOIN"]
        )
        names = [{c.name: c.type for _, cs in item.sources for c in cs} for item in (left, right)]
        common = [n for n, t in names[0].items() if names[1].get(n) == t and t is not None]
        sources, rows = (*left.sources, *right.sources), (*left.rows, *right.rows)
        merged: tuple[str, ...] = (*left.merged, *right.merged)
        choice = self.random.random()
        if kind == "CROSS JOIN":
            text = f"{left.text} CROSS JOIN {right.text}"
        elif common and choice < 0.5:
            chosen = self.random.sample(common, min(len(common), self.random.choice([1, 1, 2])))
            text = f"{left.text} {kind} {right.text} USING ({', '.join(chosen)})"
            merged = (*merged, *chosen)
            if choice < 0.12:
                alias = self._fresh("j")
                text += f" AS {alias}"
                sources = (*sources, (alias, tuple(Column(c, names[0][c]) for c in chosen)))
                rows = (*rows, alias)
        elif len(common) == 1 and choice < 0.6:
            text = f"{left.text} NATURAL {kind} {right.text}"
            merged = (*merged, *common)
        else:
            scope = self._scope((left, right), None)
            equal = [t for t in ("int", "text") if scope.typed(t)]
            if "FULL" in kind or (equal and self.random.random() < 0.7):
                type_ = equal[0] if equal else "int"
                mine, yours = self._scope((left,), None).typed(type_), self._scope((right,), None).typed(type_)
                if mine and yours:
                    condition = f"{self.random.choice(mine)} = {self.random.choice(yours)}"
                else:
                    kind, condition = "LEFT JOIN", self.expressions.write("bool", scope, 1)
            else:
                condition = self.expressions.write("bool", scope, 1)
            text = f"{left.text} {kind} {right.text} ON {condition}"
        choice = self.random.random()
        if choice < 0.12 and len(sources) == 2 and not merged:
            alias = self._fresh("j")
            columns = tuple(Column(self._fresh("r"), c.type) for _, cs in sources for c in cs)
            return _Item(
                f"({text}) AS {alias}({', '.join(c.name for c in columns)})", ((alias, columns),), rows=(alias,)
            )
        if choice < 0.4:
            text = f"({text})"
        return _Item(text, sources, merged, rows)

    def _function(self, left: tuple[_Item, ...], outer: Scope | None) -> _Item:
        scope = replace(self._scope(left, outer), subquery=None)
        write = self.expressions.write
        alias, one, two, three = (self._fresh(s) for s in ("f", "o", "o", "o"))
        reading = self.expressions.extra.get("rows", ())
        if reading and self.random.random() < 0.3:
            text = self.expressions.fill(self.random.choice(reading), scope, 1)
            return _Item(f"{text} AS {alias}({one})", ((alias, (Column(one, "int"),)),), rows=(alias,))
        choice = self.random.randrange(9 if self.options.json_table else 8)
        series = f"generate_series(1, 1 + abs({write('int', scope, 1)}) % 3)"
        match choice:
            case 0:
                return _Item(f"{series} AS {alias}", ((alias, (Column(alias, "int"),)),))
            case 1:
                columns = (Column(one, "int"), Column(two, "big"))
                return _Item(
                    f"unnest({write('ints', scope, 1)}) WITH ORDINALITY AS {alias}({one}, {two})",
                    ((alias, columns),),
                    rows=(alias,),
                )
            case 2:
                columns = (Column("key", "text"), Column("value", "text"))
                return _Item(
                    f"jsonb_each_text(jsonb_build_object('k', {write('int', scope, 1)})) {alias}",
                    ((alias, columns),),
                    rows=(alias,),
                )
            case 3:
                columns = (Column(one, "int"), Column(two, "text"), Column(three, "big"))
                text = f"ROWS FROM ({series}, unnest({write('texts', scope, 1)})) WITH ORDINALITY AS {alias}({one}, {two}, {three})"
                return _Item(text, ((alias, columns),), rows=(alias,))
            case 4:
                columns = (Column(one, "int"), Column(two, "text"))
                return _Item(
                    f"LATERAL jsonb_to_record({write('json', scope, 1)}) AS {alias}({one} int, {two} text)",
                    ((alias, columns),),
                    rows=(alias,),
                )
            case 5:
                return _Item(
                    f"listing({write('int', scope, 1)}) AS {alias}",
                    ((alias, (Column("n", "int"), Column("s", "text"))),),
                    rows=(alias,),
                )
            case 6:
                columns = (Column(one, "int"), Column(two, "text"))
                return _Item(
                    f"pairs_of({write('int', scope, 1)}) AS {alias}({one}, {two})", ((alias, columns),), rows=(alias,)
                )
            case 7:
                rows = ", ".join(f"({write('int', scope, 1)}, {write('text', scope, 1)})" for _ in range(2))
                lateral = "LATERAL " if left and self.random.random() < 0.7 else ""
                inner = rows if lateral else "(1, 'a'), (2, NULL)"
                return _Item(
                    f"{lateral}(VALUES {inner}) AS {alias}({one}, {two})",
                    ((alias, (Column(one, "int"), Column(two, "text"))),),
                    rows=(alias,),
                )
            case _:
                columns = (Column(one, "int"), Column(two, "text"), Column(three, "int"))
                text = (
                    f"JSON_TABLE({write('json', scope, 1)}, '$' PASSING {write('int', scope, 0)} AS p COLUMNS ({one} int PATH '$.a', "
                    f"{two} text PATH '$.b[0]' DEFAULT 'x' ON EMPTY, NESTED PATH '$.b[*]' COLUMNS ({three} int PATH '$'))) AS {alias}"
                )
                return _Item(text, ((alias, columns),), rows=(alias,))
