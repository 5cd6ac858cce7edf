"""Walks from the columns that a query returns to those of the relations it reads, through sqlglot's scopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope, walk_in_scope

from pgmg.model.lineage_data import WHOLE_ROW, ColumnUse, OutputColumn, Trace
from pgmg.source.columns.query_lineage import ON_PATH, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.model.source import Parts

_QUERIES = (exp.Select, exp.SetOperation)


@dataclass(frozen=True, slots=True)
class _Output:
    """The column of a scope, by its number: the scope's expression, by identity, stands for the scope."""

    scope: int
    number: int


_Step = _Output | ColumnUse


class Tracer:
    """Traces one qualified query."""

    def __init__(self, tree: exp.Expr, relations: Mapping[Parts, Sequence[str]]) -> None:
        self._tree = tree.unnest()
        self._known = relations
        self._all = traverse_scope(tree)
        self._scopes = {id(scope.expression): scope for scope in self._all}
        self._real = {id(scope) for scope in self._all}
        self._names: dict[int, list[str]] = {}
        self._made: dict[_Output, tuple[_Step, ...]] = {}

    def trace(self) -> Trace:
        """Return the answer.

        Raises:
            UnreadableError: a name could not be attributed.
        """
        root = self._scopes.get(id(self._tree))
        if root is None:
            raise UnreadableError(f"{type(self._tree).__name__.upper()} is not followed")
        columns = tuple(
            OutputColumn(name, self._leaves([_Output(id(root.expression), n)]), self._text(root, n))
            for n, name in enumerate(self._outputs(root))
        )
        return Trace(columns, self._leaves([step for scope in self._all for step in self._conditions(scope)]))

    def _leaves(self, steps: Iterable[_Step]) -> tuple[ColumnUse, ...]:
        """Follow steps to the end; recursive queries lead in circles."""
        found: set[ColumnUse] = set()
        waiting = list(steps)
        seen = set(waiting)
        while waiting:
            step = waiting.pop()
            if isinstance(step, ColumnUse):
                found.add(step)
                continue
            new = [other for other in self._behind(step) if other not in seen]
            seen.update(new)
            waiting += new
        return tuple(sorted(found))

    # -- what a scope returns ---------------------------------------------------------------------------

    def _outputs(self, scope: Scope) -> list[str]:
        """Return the names of a scope's columns."""
        tree = scope.expression
        names = self._names.get(id(tree))
        if names is None:
            names = self._names[id(tree)] = self._named(scope)
        return names

    def _named(self, scope: Scope) -> list[str]:
        tree = scope.expression
        if isinstance(tree, exp.SetOperation):
            left, right = (self._outputs(arm) for arm in self._arms(scope))
            if len(left) != len(right):
                raise UnreadableError("the sides of a set operation differ")
            return left
        if not isinstance(tree, exp.Select):
            raise UnreadableError(f"{type(tree).__name__.upper()} is not followed")
        if any(selected.is_star for selected in tree.selects):
            raise UnreadableError("a * stands for columns that are not known")
        return [selected.alias_or_name for selected in tree.selects]

    def _arms(self, scope: Scope) -> Sequence[Scope]:
        if len(scope.set_operation_scopes) != 2:  # noqa: PLR2004 - a left one and a right one
            raise UnreadableError("a set operation is not followed")
        return scope.set_operation_scopes

    def _behind(self, output: _Output) -> tuple[_Step, ...]:
        """Return what one column of a scope is made from, one step further."""
        made = self._made.get(output)
        if made is None:
            scope = self._scopes[output.scope]
            if isinstance(scope.expression, exp.SetOperation):
                made = tuple(_Output(id(arm.expression), output.number) for arm in self._arms(scope))
            else:
                made = tuple(self._used(_selected(scope, output.number), scope))
            self._made[output] = made
        return made

    def _text(self, scope: Scope, number: int) -> str:
        """Return the expression of a column, of set operations all of them."""
        if isinstance(scope.expression, exp.SetOperation):
            return "\n".join(dict.fromkeys(self._text(arm, number) for arm in self._arms(scope)))
        text: str = _selected(scope, number).unalias().sql(dialect="postgres")
        return text.replace(f'"{ON_PATH}".', "")

    # -- what an expression uses ------------------------------------------------------------------------

    def _used(self, tree: exp.Expr, scope: Scope) -> Iterator[_Step]:
        """Return what an expression names; of a query inside, what it returns."""
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, exp.Column):
                yield from self._column(node, scope)
            elif isinstance(node, exp.TableColumn):
                yield from self._row(node.name, scope)
            elif isinstance(node, _QUERIES) and id(node) in self._scopes:
                yield from self._all_of(self._scopes[id(node)])
            else:
                waiting += node.iter_expressions()
                if isinstance(node, exp.Window) and isinstance(scope.expression, exp.Select) and node.alias:
                    named = scope.expression.args.get("windows") or ()
                    waiting += [window for window in named if window.name == node.alias]

    def _all_of(self, scope: Scope) -> Iterator[_Step]:
        return (_Output(id(scope.expression), n) for n in range(len(self._outputs(scope))))

    def _column(self, column: exp.Column, scope: Scope) -> Iterator[_Step]:
        if column.args.get("db") is not None:
            raise UnreadableError(f"{column.sql()} is not followed")
        table, name = column.table, WHOLE_ROW if isinstance(column.this, exp.Star) else column.name
        within: Scope | None = scope
        while within is not None:
            if table:
                if table in within.sources:
                    return self._from(within.sources[table], name, within)
            elif (found := self._unqualified(name, within)) is not None:
                return found
            within = within.parent
        raise UnreadableError(f"it is not clear what {column.sql()} is")

    def _row(self, alias: str, scope: Scope) -> Iterator[_Step]:
        """Return what a whole row is: all columns of what bears the alias."""
        within: Scope | None = scope
        while within is not None:
            if alias in within.sources:
                return self._from(within.sources[alias], WHOLE_ROW, within)
            within = within.parent
        raise UnreadableError(f"it is not clear what {alias} is")

    def _unqualified(self, name: str, scope: Scope) -> Iterator[_Step] | None:
        """Return what a name without a table is: a column, a whole row, or a column of the query's own result."""
        sources = {alias: source for alias, (_, source) in scope.selected_sources.items()}
        sources |= {alias: scope.sources[alias] for alias in (u.alias for u in scope.udtfs) if alias in scope.sources}
        holding = {alias: self._holds(source, name) for alias, source in sources.items()}
        certain = [alias for alias, holds in holding.items() if holds]
        if len(certain) > 1:
            raise UnreadableError(f"it is not clear whose {name} is meant")
        if not certain and name in sources:
            return self._from(sources[name], WHOLE_ROW, scope)
        possible = certain or [alias for alias, holds in holding.items() if holds is None]
        if len(possible) == 1:
            return self._from(sources[possible[0]], name, scope)
        if isinstance(scope.expression, exp.Select):
            for selected in scope.expression.selects:
                inner = selected.unalias()
                is_itself = isinstance(inner, exp.Column) and not inner.table
                if selected.alias_or_name == name and not is_itself:
                    return self._used(selected, scope)
        return None

    def _holds(self, source: exp.Table | Scope, name: str) -> bool | None:
        """Tell whether a source has a column; None where its columns are not known."""
        if isinstance(source, Scope):
            query = self._query(source)
            return None if query is None else name in self._outputs(query)
        if _is_function(source):
            return (name in source.alias_column_names) if source.alias_column_names else None
        columns = self._known.get(_parts(source))
        return None if columns is None else name in columns

    def _from(self, source: exp.Table | Scope, name: str, scope: Scope) -> Iterator[_Step]:
        """Return what a column of a source is, or its whole row."""
        if isinstance(source, exp.Table):
            if _is_function(source):
                return self._calls([source.this, *source.args.get("rows_from", ())], scope)
            return iter((ColumnUse(_parts(source), name),))
        query = self._query(source)
        if query is None:
            return self._inside(source)
        if name == WHOLE_ROW:
            return self._all_of(query)
        found = [n for n, other in enumerate(self._outputs(query)) if other == name]
        if not found:
            raise UnreadableError(f"it is not clear what {name} is")
        return (_Output(id(query.expression), n) for n in found)

    def _query(self, source: Scope) -> Scope | None:
        """Return the scope of the query behind a source; None for functions and VALUES."""
        tree = source.expression
        if id(source) not in self._real:
            # what a recursive query calls by its own name is all of it; its scope shows the first part alone
            while tree.parent is not None and not isinstance(tree.parent, exp.CTE):
                tree = tree.parent
        elif isinstance(tree, exp.Lateral) and isinstance(tree.this, exp.Subquery):
            tree = tree.this.unnest()
        return self._scopes.get(id(tree)) if isinstance(tree, _QUERIES) else None

    def _inside(self, source: Scope) -> Iterator[_Step]:
        """Return what a function in FROM takes: of its results no more is known."""
        return self._calls(source.expression.iter_expressions(), source)

    def _calls(self, parts: Iterable[exp.Expr | None], scope: Scope) -> Iterator[_Step]:
        for part in parts:
            if part is not None and not isinstance(part, exp.TableAlias):
                yield from self._used(part, scope)

    # -- conditions -------------------------------------------------------------------------------------

    def _conditions(self, scope: Scope) -> Iterator[_Step]:
        """Return what decides which rows a SELECT has."""
        tree = scope.expression
        if not isinstance(tree, exp.Select):
            return
        parts = [tree.args.get(key) for key in ("where", "group", "having", "qualify")]
        distinct = tree.args.get("distinct")
        parts.append(distinct.args.get("on") if distinct is not None else None)
        if tree.args.get("limit") is not None or tree.args.get("offset") is not None or parts[-1] is not None:
            parts.append(tree.args.get("order"))
        parts += [join.args.get("on") for join in walk_in_scope(tree) if isinstance(join, exp.Join)]
        for part in parts:
            if part is not None:
                yield from self._used(part, scope)


def _selected(scope: Scope, number: int) -> exp.Expr:
    assert isinstance(scope.expression, exp.Select)  # nothing else has columns of its own
    found: exp.Expr = scope.expression.selects[number]
    return found


def _is_function(table: exp.Table) -> bool:
    """Tell whether something in FROM is a call."""
    return not isinstance(table.this, exp.Identifier)


def _parts(table: exp.Table) -> Parts:
    return (table.name,) if table.db in ("", ON_PATH) else (table.db, table.name)
