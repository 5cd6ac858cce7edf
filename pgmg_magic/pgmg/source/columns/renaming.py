"""Replaces names in SQL where they stand: the rest of the text stays as its author wrote it, to the last parenthesis.

The grammar says where each name begins. The same replacement is made in the parse tree, the new text is parsed again,
and the two trees must agree: what is not certain is never sent.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pgmg.model.naming.quoting import quote
from pgmg.model.naming.sql_tokens import Sort, Token, significant
from pgmg.model.sources.source import Parts, RefKind, TypeName
from pgmg.source.grammar.offsets import characters
from pgmg.source.grammar.parser import GrammarError, Tree, parse, parts, pb, relation_parts, strings, unwrap
from pgmg.source.grammar.recursion import deep_recursion
from pgmg.source.grammar.tree_equality import same_tree
from pgmg.source.kinds.aggregate import AGGREGATE_ROUTINES
from pgmg.source.references.scopes import Collector

_QUALIFIED = 3  # schema, relation, column
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class RenamingError(Exception):
    """A name cannot be replaced where it stands; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class NewName:
    """The name to write instead.

    `alias`: a relation keeps its old name as an alias, by which its columns are named. `is_cte`: it is no relation any
    more, and its rows have no type of their own.
    """

    parts: Parts
    alias: bool = True
    is_cte: bool = False


NewNames = Callable[[RefKind, Parts], NewName | None]
"""Tells what to write for a relation, routine or type, by its name as written; None: it stays."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` are to be `text`."""

    start: int
    end: int
    text: str


def rename(sql: str, new_names: NewNames) -> str:
    """Return statements with names replaced; the same text where none is.

    Raises:
        GrammarError: the grammar does not accept the text.
        RenamingError: a name stands where it cannot be replaced, or the new text would say something else.
        TooDeepError: the text is nested too deeply.
    """
    return edited(sql, renaming(sql, new_names))


@deep_recursion(lambda sql, _new_names: len(sql))
def renaming(sql: str, new_names: NewNames) -> tuple[Edit, ...]:
    """Return what `rename` changes, in order.

    Raises:
        GrammarError, RenamingError, TooDeepError: as `rename`.
    """
    tree = parse(sql)
    work = _Renaming(sql, new_names)
    for raw in tree.stmts:
        work.visit(raw.stmt)
    return work.finished(tree)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits made, which come in order.

    Raises:
        RenamingError: two of them overlap.
    """
    pieces, position = [], 0
    for edit in edits:
        if edit.start < position:
            raise RenamingError("two names overlap")
        pieces += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*pieces, text[position:]])


class _Names:
    """The tokens of a text by the places at which they begin."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens = list(significant(sql))
        self._at = {token.start: n for n, token in enumerate(self._tokens)}
        self._ascii = sql.isascii()

    def find(self, byte: int, name: Parts) -> tuple[int, int]:
        """Return the first and last token of a name that begins at a byte.

        Raises:
            RenamingError: another name is written there, or one with escapes.
        """
        character = byte if self._ascii else next(characters(self._sql, [byte]))
        first = self._at.get(character)
        if first is None:
            raise RenamingError(f"{'.'.join(name)} is not where the grammar says it is")
        written, last = [_name(self._tokens[first])], first
        while self._text(last + 1) == "." and self._text(last + 2) != "*":
            last += 2
            written.append(_name(self._tokens[last]) if last < len(self._tokens) else "")
        if tuple(written[-len(name) :]) != name:
            raise RenamingError(f"{'.'.join(name)} is written in a way that cannot be replaced")
        return first, last

    def _text(self, number: int) -> str:
        return self._tokens[number].text if 0 <= number < len(self._tokens) else ""

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the characters from one token to another."""
        return self._tokens[first].start, self._tokens[last].end

    def table_command(self, first: int) -> tuple[int, int] | None:
        """Return the characters of the word TABLE where a relation is all of a query: it can have no alias there."""
        before = first - 1
        while self._text(before) == "(" or self._text(before).upper() == "ONLY":
            before -= 1
        is_command = self._text(before).upper() == "TABLE" and before != first
        return self.span(before, before) if is_command else None

    def after_relation(self, first: int, last: int) -> int:
        """Return where the alias of a relation belongs that has none: behind `ONLY (name)` and `name *`."""
        if self._text(last + 1) == "*":
            return self._tokens[last + 1].end
        if self._text(first - 1) == "(" and self._text(first - 2).upper() == "ONLY" and self._text(last + 1) == ")":
            return self._tokens[last + 1].end
        return self._tokens[last].end


def _name(token: Token) -> str:
    match token.sort:
        case Sort.WORD:
            return token.text.translate(_FOLD)
        case Sort.QUOTED if token.text.startswith('"'):
            return token.text[1:-1].replace('""', '"')
        case _:
            return "\0"


class _Renaming(Collector):
    """Walks through one text with the scopes of SQL; changes its tree, and notes what to change in the text."""

    def __init__(self, sql: str, new_names: NewNames) -> None:
        super().__init__()
        self._sql = sql
        self._new_names = new_names
        self._names = _Names(sql)
        self._edits: list[Edit] = []
        self._aliases: list[list[tuple[Parts, NewName, str]]] = []  # per query: relation as written, and its alias now
        self._bare: list[Counter[str]] = []  # per FROM, and join with an alias: how often a name has no alias there
        self._relabelled: list[
            set[str]
        ] = []  # per query: aliases under which columns of what is replaced have other names
        self._expected = False  # a name is being read that can be replaced where it stands

    def finished(self, tree: Tree) -> tuple[Edit, ...]:
        """Return the edits, once the new text has been parsed and says the same as the changed tree."""
        edits = tuple(sorted(self._edits, key=lambda edit: (edit.start, edit.end)))
        if not edits:
            return ()
        try:
            again = parse(edited(self._sql, edits))
        except GrammarError as error:
            raise RenamingError(f"the text with other names does not parse: {error.message}") from None
        if not same_tree(again, tree):
            raise RenamingError("the text with other names would be read differently")
        return edits

    # -- what is replaced -----------------------------------------------------------------------------

    def add(
        self,
        kind: RefKind,
        name: Parts,
        *,
        star: bool = False,
        arguments: tuple[TypeName, ...] | None = None,
        hard: bool | None = None,
    ) -> tuple[RefKind, Parts, tuple[TypeName, ...] | None]:
        """Note one reference; a name to be replaced must stand where that can be done."""
        expected, self._expected = self._expected, False
        if not expected and not star and name and self._new_names(kind, name) is not None:
            raise RenamingError(f"{'.'.join(name)} is named in a constant, or by a statement that changes data")
        return super().add(kind, name, star=star, arguments=arguments, hard=hard)

    def _replace(self, location: int, name: Parts, new: NewName) -> tuple[int, int]:
        first, last = self._names.find(location, name)
        self._edits.append(Edit(*self._names.span(first, last), ".".join(map(quote, new.parts))))
        return first, last

    def _on_select_stmt(self, query: Tree) -> None:
        self._aliases.append([])
        self._relabelled.append(set())
        self._bare.append(Counter(_without_alias(query.from_clause)))
        super()._on_select_stmt(query)
        self._aliases.pop()
        self._relabelled.pop()
        self._bare.pop()

    def _from_join(self, join: Tree) -> None:
        """The names within a join that has an alias are hidden behind it: the same names may stand beside it."""
        if join.HasField("alias"):
            self._bare.append(Counter(_without_alias((join.larg, join.rarg))))
        super()._from_join(join)
        if join.HasField("alias"):
            self._bare.pop()

    def _from_relation(self, relation: Tree) -> None:
        name = relation_parts(relation)
        is_cte = len(name) == 1 and name[0] in self._ctes
        self._expected = True
        super()._from_relation(relation)
        self._expected = False
        new = None if is_cte else self._new_names(RefKind.RELATION, name)
        if new is None:
            return
        if new.is_cte and relation.alias.colnames:
            self._relabelled[-1].add(relation.alias.aliasname)
        first, last = self._replace(relation.location, name, new)
        if new.alias and not relation.HasField("alias"):
            # two relations of one name in two schemas may stand side by side, but not two such aliases
            alias = new.parts[-1] if self._bare[-1][name[-1]] > 1 else name[-1]
            relation.alias.CopyFrom(pb.Alias(aliasname=alias))
            after = self._names.after_relation(first, last)
            self._edits.append(Edit(after, after, f" AS {quote(alias)}"))
            self._aliases[-1].append((name, new, alias))
            if (command := self._names.table_command(first)) is not None:
                self._edits.append(Edit(*command, "SELECT * FROM"))  # the grammar makes the same of both
        relation.catalogname = ""
        relation.schemaname = new.parts[0] if len(new.parts) > 1 else ""
        relation.relname = new.parts[-1]

    def _on_column_ref(self, column: Tree) -> None:
        """A row of a relation bears the names of its own columns; a row of a CTE bears those of the alias."""
        names = strings(field for field in column.fields if not field.HasField("a_star"))
        is_row = len(column.fields) == 1 or len(names) < len(column.fields)
        if is_row and names and any(names[-1] in level for level in self._relabelled):
            raise RenamingError(f"a whole row of {names[-1]} is used, whose columns have other names there")
        self._column(column)

    def _column(self, column: Tree) -> None:
        """`schema.view.column` has no meaning any more once the view has an alias: the alias takes its place."""
        super()._on_column_ref(column)
        if len(column.fields) < _QUALIFIED:
            return
        qualifier = strings(list(column.fields)[:-1])
        alias = self._alias_of(qualifier[-2:])
        if alias is None:
            return
        last_name = _last(column)
        first, last = self._names.find(column.location, (*qualifier, *last_name))
        last -= len((".", "column")) if last_name else 0  # `.*` is no part of the name
        self._edits.append(Edit(*self._names.span(first, last), quote(alias)))
        kept = pb.Node()
        kept.CopyFrom(column.fields[-1])
        del column.fields[:]
        column.fields.extend([pb.Node(string=pb.String(sval=alias)), kept])

    def _alias_of(self, name: Parts) -> str | None:
        """Return the alias of a relation that is replaced, by its name with a schema; it may be written without."""
        meant = self._new_names(RefKind.RELATION, name)
        for level in reversed(self._aliases):
            for written, new, alias in level:
                if written == name or (len(written) == 1 and written[-1] == name[-1] and new == meant):
                    return alias
        return None

    def _on_res_target(self, target: Tree) -> None:
        """`alias.*` as a column of its own is all columns, and no row."""
        column = target.val.column_ref
        if target.val.HasField("column_ref") and column.fields[-1].HasField("a_star"):
            self._column(column)
        else:
            self.descend(target)

    def _on_func_call(self, call: Tree) -> tuple[RefKind, Parts, tuple[TypeName, ...] | None]:
        name = parts(call.funcname)
        self._expected = True
        key = super()._on_func_call(call)
        new = self._new_names(RefKind.ROUTINE, name)
        if new is not None:
            self._replace(call.location, name, new)
            _set_names(call.funcname, new.parts)
        return key

    def _on_define_stmt(self, statement: Tree) -> None:
        """The functions of an aggregate are spelled as if they were types."""
        self.visit_all(statement.args)
        for node in statement.definition:
            option = node.def_elem
            if option.defname.lower() in AGGREGATE_ROUTINES and option.arg.HasField("type_name"):
                self._named_routine(option.arg.type_name)
            else:
                self.descend(option)

    def _named_routine(self, tree: Tree) -> None:
        name = parts(tree.names)
        self._expected = True
        self.add(RefKind.ROUTINE, name)
        self._expected = False
        new = self._new_names(RefKind.ROUTINE, name)
        if new is not None:
            self._replace(tree.location, name, new)
            _set_names(tree.names, new.parts)

    def _on_type_name(self, tree: Tree) -> None:
        self._expected = True
        super()._on_type_name(tree)
        self._expected = False
        names = strings(tree.names)
        kind = RefKind.RELATION if tree.pct_type else RefKind.TYPE
        name = names[:-1][-2:] if tree.pct_type else names[-2:]
        new = self._new_names(kind, name) if name else None
        if new is None:
            return
        if tree.pct_type:
            raise RenamingError(f"{'.'.join(names)}%TYPE cannot be replaced")
        self._replace(tree.location, name, new)
        _set_names(tree.names, new.parts)


def _last(column: Tree) -> Parts:
    last = column.fields[-1]
    return (last.string.sval,) if last.HasField("string") else ()


def _set_names(field: Tree, new: Parts) -> None:
    del field[:]
    field.extend([pb.Node(string=pb.String(sval=part)) for part in new])


def _without_alias(items: Iterable[Tree]) -> Iterable[str]:
    for item in items:
        kind, inner = unwrap(item)
        match kind:
            case "range_var" if not inner.HasField("alias"):
                yield inner.relname
            case "range_table_sample":
                yield from _without_alias([inner.relation])
            case "join_expr" if not inner.HasField("alias"):
                yield from _without_alias((inner.larg, inner.rarg))
            case _:
                pass
