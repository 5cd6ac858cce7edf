"""Puts pending definitions in the place of the views that a query reads, so that it can be run before they are applied.

A view that is read becomes a CTE. Names are replaced where they stand (see `renaming`); bodies of functions are strings
to the grammar of the query that calls them, and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pgmg.model.naming.quoting import quote
from pgmg.model.sources.source import Parts, RefKind
from pgmg.source.columns.renaming import NewName, RenamingError, rename
from pgmg.source.grammar.parser import parse
from pgmg.source.grammar.recursion import deep_recursion
from pgmg.source.grammar.tree_equality import same_tree

Meaning = Callable[[RefKind, Parts], Parts | None]
"""Tells which object (schema, name) a name means where it is written; None where that is not known."""


class CircularViewsError(Exception):
    """Definitions read each other in a circle."""


@dataclass(frozen=True, slots=True)
class InlinedQuery:
    """A query, the names its columns get, and what the names in it mean.

    A `stored` one is computed once and read as often as it is used, as a materialized view is. `settings` are the SET
    statements under which it is written: under others, its names are spelled with their schemas.
    """

    query: str
    columns: tuple[str, ...] | None
    meaning: Meaning
    stored: bool = False
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inlined:
    """A query that can be run by itself, and the views whose definitions are in it, dependencies first.

    In `text` a view that is read twice is computed once, with all its columns; in `expanded` it is part of the query
    wherever it is read, as the server has it: columns that nobody asks for are not computed, and cannot fail.
    """

    text: str
    used: tuple[Parts, ...] = ()
    expanded: str | None = None


def _all_texts(query: InlinedQuery, pending: Mapping[Parts, InlinedQuery], _itself: Parts | None = None) -> int:
    return sum(len(one.query) for one in (query, *pending.values()))


@deep_recursion(_all_texts)
def inline(query: InlinedQuery, pending: Mapping[Parts, InlinedQuery], itself: Parts | None = None) -> Inlined:
    """Return `query` with every view of `pending` that it reads, directly or not, as a CTE, each once.

    What reads none of them comes back as it is written. `itself` is the view whose query it is.

    Raises:
        GrammarError: a query that the grammar does not accept.
        CircularViewsError: the definitions read each other in a circle.
        TooDeepError: a query that is nested too deeply.
        RenamingError: a name cannot be replaced for certain.
    """
    work = _Work(query, pending, "\0".join(one.query.lower() for one in (query, *pending.values())))
    work.under_way += [itself] if itself is not None else []
    body = work.rewritten(query)
    if not work.made:
        return Inlined(query.query)
    texts = []
    for how in ("", " NOT MATERIALIZED"):
        ctes = ",\n".join(cte.spelled(how) for cte in work.made.values())
        text = f"WITH {ctes}\nSELECT * FROM (\n{body}\n) AS {quote(work.free('pending'))}"
        _check(text, [*(cte.body for cte in work.made.values()), body])
        texts.append(text)
    return Inlined(texts[0], tuple(work.made), texts[1])


@dataclass(frozen=True, slots=True)
class _Cte:
    """A pending view: its name in the query, and its own query with other names in it."""

    name: str
    definition: InlinedQuery
    body: str

    def spelled(self, how: str) -> str:
        columns = f"({', '.join(map(quote, self.definition.columns))})" if self.definition.columns else ""
        how = " MATERIALIZED" if self.definition.stored else how
        return f"{quote(self.name)}{columns} AS{how} (\n{self.body}\n)"


def _check(text: str, bodies: list[str]) -> None:
    """Compare the parts of the whole, once it is parsed, with what they are by themselves."""
    statements = parse(text).stmts
    whole = statements[0].stmt.select_stmt
    inside = [node.common_table_expr.ctequery.select_stmt for node in whole.with_clause.ctes]
    inside += [whole.from_clause[0].range_subselect.subquery.select_stmt]
    apart = [parse(body).stmts[0].stmt.select_stmt for body in bodies]
    alike = len(statements) == 1 and len(inside) == len(apart)
    if not alike or not all(same_tree(one, other) for one, other in zip(inside, apart, strict=True)):
        raise RenamingError("the query with pending definitions would be read differently")


@dataclass(slots=True)
class _Work:
    """All that is inlined into one query, dependencies first: so each CTE sees the ones that it reads."""

    root: InlinedQuery
    pending: Mapping[Parts, InlinedQuery]
    texts: str
    made: dict[Parts, _Cte] = field(default_factory=dict)
    under_way: list[Parts] = field(default_factory=list)

    def rewritten(self, query: InlinedQuery) -> str:
        """Return the text of a query with other names in it."""
        same_path = query.settings == self.root.settings

        def new_names(kind: RefKind, written: Parts) -> NewName | None:
            meant = query.meaning(kind, written)
            if meant is None:
                return None
            if kind is RefKind.RELATION and meant in self.pending:
                return NewName((self.use(meant),), is_cte=True)
            if kind is RefKind.TYPE and meant in self.pending:
                raise RenamingError(f"the type of the rows of {'.'.join(meant)} is named")
            if same_path or len(written) > 1 or kind not in (RefKind.RELATION, RefKind.ROUTINE, RefKind.TYPE):
                return None
            return NewName(meant, alias=False)

        return rename(query.query, new_names)

    def use(self, relation: Parts) -> str:
        """Return the name of the CTE that stands for a view."""
        if relation in self.under_way:
            raise CircularViewsError(f"{'.'.join(relation)} reads itself")
        if relation not in self.made:
            self.under_way.append(relation)
            body = self.rewritten(self.pending[relation])
            self.under_way.pop()
            name = self.free(f"pending_{len(self.made) + 1}")
            self.made[relation] = _Cte(name, self.pending[relation], body)
        return self.made[relation].name

    def free(self, stem: str) -> str:
        """Return a name that stands in none of the texts: nothing in them can mean it, or hide it."""
        name = f"pgmg_{stem}"
        while name in self.texts:
            name += "_"
        return name
