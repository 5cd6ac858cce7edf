"""Puts pending definitions in the place of the views that a query reads, so that it can be run before they are applied.

Works on the parse tree: a view that is read becomes a CTE. Bodies of functions are strings to the grammar of the query
that calls them, and stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pgmg.model.source import Parts
from pgmg.source.grammar.parser import Tree, deparse, parse, pb, relation_parts, unwrap
from pgmg.source.grammar.recursion import deep_recursion
from pgmg.source.references.scopes import Collector

Meaning = Callable[[Parts], Parts | None]
"""Tells which relation (schema, name) a name means where it is written; None where that is not known."""

_QUALIFIED = 3  # schema, relation, column


class CircularViewsError(Exception):
    """Definitions read each other in a circle."""


@dataclass(frozen=True, slots=True)
class Inlinable:
    """A query, the names its columns get, and what the names of relations in it mean.

    A `stored` one is computed once and read as often as it is used, as a materialized view is.
    """

    query: str
    columns: tuple[str, ...] | None
    meaning: Meaning
    stored: bool = False


def _all_texts(query: Inlinable, pending: Mapping[Parts, Inlinable], _itself: Parts | None = None) -> int:
    return sum(len(one.query) for one in (query, *pending.values()))


@deep_recursion(_all_texts)
def inline(
    query: Inlinable, pending: Mapping[Parts, Inlinable], itself: Parts | None = None
) -> tuple[str, tuple[Parts, ...]]:
    """Return `query` with every view of `pending` that it reads, directly or not, in its CTEs; and which those are.

    What reads none of them comes back as it is written. Names of relations are qualified where anything is inlined,
    so that neither the search_path of another definition nor its CTEs can change what they mean. `itself` is the view
    whose query it is.

    Raises:
        GrammarError: a query that the grammar does not accept.
        CircularViewsError: the definitions read each other in a circle.
        TooDeepError: a query that is nested too deeply.
    """
    work = _Work(pending, tuple(text.query.lower() for text in (query, *pending.values())))
    work.under_way += [itself] if itself is not None else []
    body = work.rewritten(query)
    if not work.made:
        return query.query, ()
    inside = pb.RangeSubselect(subquery=_node(body), alias=pb.Alias(aliasname=work.free("pending")))
    star = pb.ColumnRef(fields=[pb.Node(a_star=pb.A_Star())])
    outer = pb.SelectStmt(
        with_clause=pb.WithClause(ctes=[pb.Node(common_table_expr=cte) for cte in work.made.values()]),
        target_list=[pb.Node(res_target=pb.ResTarget(val=pb.Node(column_ref=star)))],
        from_clause=[pb.Node(range_subselect=inside)],
        limit_option=pb.LIMIT_OPTION_DEFAULT,
        op=pb.SETOP_NONE,
    )
    return deparse(outer), tuple(work.made)


def _node(select: Tree) -> Tree:
    return pb.Node(select_stmt=select)


@dataclass(slots=True)
class _Work:
    """All that is inlined into one query, dependencies first: so each CTE sees the ones that it reads."""

    pending: Mapping[Parts, Inlinable]
    texts: tuple[str, ...]
    made: dict[Parts, Tree] = field(default_factory=dict)
    names: dict[Parts, str] = field(default_factory=dict)
    under_way: list[Parts] = field(default_factory=list)

    def rewritten(self, query: Inlinable) -> Tree:
        _, select = unwrap(parse(query.query).stmts[0].stmt)
        _Rewriter(self, query.meaning).message(select)
        return select

    def use(self, relation: Parts) -> str | None:
        """Return the name of the CTE that stands for a relation, None where the relation itself is to be read."""
        if relation not in self.pending:
            return None
        if relation in self.under_way:
            raise CircularViewsError(f"{'.'.join(relation)} reads itself")
        if relation not in self.made:
            self.under_way.append(relation)
            definition = self.pending[relation]
            body = self.rewritten(definition)
            self.under_way.pop()
            name = self.names[relation] = self.free(f"pending_{len(self.made) + 1}")
            columns = [pb.Node(string=pb.String(sval=column)) for column in definition.columns or ()]
            how = pb.CTEMaterializeAlways if definition.stored else pb.CTEMaterializeNever
            self.made[relation] = pb.CommonTableExpr(
                ctename=name, aliascolnames=columns, ctematerialized=how, ctequery=_node(body)
            )
        return self.names[relation]

    def free(self, stem: str) -> str:
        """Return a name that stands in none of the texts: nothing in them can mean it, or hide it."""
        name = f"pgmg_{stem}"
        while any(name in text for text in self.texts):
            name += "_"
        return name


class _Rewriter(Collector):
    """Walks through one query with the scopes of SQL and renames in place what is read in FROM."""

    def __init__(self, work: _Work, meaning: Meaning) -> None:
        super().__init__()
        self._work = work
        self._meaning = meaning
        self._renamed: list[dict[Parts, str]] = []  # per query: relation, and under which alias it is read now
        self._bare: list[Counter[str]] = []  # per query: how often a name stands in its FROM without an alias

    def _on_select_stmt(self, query: Tree) -> None:
        self._renamed.append({})
        self._bare.append(Counter(_without_alias(query.from_clause)))
        super()._on_select_stmt(query)
        self._renamed.pop()
        self._bare.pop()

    def _from_relation(self, relation: Tree) -> None:
        written = relation_parts(relation)
        is_cte = len(written) == 1 and written[0] in self._ctes
        super()._from_relation(relation)
        meant = None if is_cte else self._meaning(written)
        if meant is None:
            return
        cte = self._work.use(meant)
        if cte is None:
            relation.schemaname = meant[0]
            return
        if not relation.HasField("alias"):
            # two relations of one name in two schemas may stand side by side, but not two such aliases
            alias = cte if self._bare[-1][written[-1]] > 1 else written[-1]
            relation.alias.CopyFrom(pb.Alias(aliasname=alias))
            self._renamed[-1][meant] = alias
        relation.catalogname, relation.schemaname, relation.relname, relation.inh = "", "", cte, True

    def _on_column_ref(self, column: Tree) -> None:
        """`schema.view.column` has no meaning any more once the view is a CTE: the schema goes."""
        super()._on_column_ref(column)
        if len(column.fields) < _QUALIFIED:
            return
        schema, name = (field.string.sval for field in list(column.fields)[-_QUALIFIED:-1])
        for level in reversed(self._renamed):
            alias = level.get((schema, name))
            if alias is not None:
                last = pb.Node()
                last.CopyFrom(column.fields[-1])
                del column.fields[:]
                column.fields.extend([pb.Node(string=pb.String(sval=alias)), last])
                return


def _without_alias(items: Iterable[Tree]) -> Iterable[str]:
    for item in items:
        kind, inner = unwrap(item)
        match kind:
            case "range_var" if not inner.HasField("alias"):
                yield inner.relname
            case "range_table_sample":
                yield from _without_alias([inner.relation])
            case "join_expr":
                yield from _without_alias((inner.larg, inner.rarg))
            case _:
                pass
