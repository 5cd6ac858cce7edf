"""Writes a PL/pgSQL function that asks the server about each query of a body, and executes none of them.

Every query becomes the query of an EXPLAIN, within blocks that declare the same variables, so that PL/pgSQL itself
tells variables from columns. Variables of type RECORD get the columns of the queries that fill them, with no rows.
A long body becomes several functions, each with all blocks and some of the queries: PL/pgSQL counts the lines from the
first one for each block that it compiles, so that its time grows with the square of a function's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.naming.quoting import quote
from pgmg.source.grammar.lexer import Sort, Token, significant
from pgmg.source.references.plpgsql import BodyReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.source.references.body_contents import Fragment

_ROWS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_EXPLAINED = _ROWS | {"INSERT", "UPDATE", "DELETE", "MERGE"}
_TRIGGER = """new {table}%ROWTYPE; old {table}%ROWTYPE; tg_name name; tg_when text; tg_level text; tg_op text;
tg_relid oid; tg_relname name; tg_table_name name; tg_table_schema name; tg_nargs integer; tg_argv text[];"""
_EVENT_TRIGGER = "tg_event text; tg_tag text;"
_ASKED_AGAIN = "pgmg_again integer := {number};"
_HEAD = f"""DECLARE
{_ASKED_AGAIN.format(number=-1)}
pgmg_found text[] := ARRAY[]::text[]; pgmg_line record; pgmg_context text; sqlstate text; sqlerrm text;
BEGIN
"""
_REPORT = """EXCEPTION WHEN OTHERS THEN
IF pgmg_again = {number} THEN RAISE; END IF;
GET STACKED DIAGNOSTICS pgmg_context = PG_EXCEPTION_CONTEXT;
IF pg_catalog.split_part(pgmg_context, E'\\n', 1) ~ 'EXPLAIN|pgmg_probe|:= NULL' THEN -- in no inlined function
pgmg_found := pg_catalog.array_append(pgmg_found, pg_catalog.concat_ws('|', '{number}', SQLSTATE, SQLERRM));
END IF;
END;
"""
_NAMED = re.compile(
    r'(?:column|relation|function|procedure|type|field|schema|table|operator|aggregate|enum \S+): ?"?([^"\s(]+)'
    r'|(?:column|relation|function|procedure|type|field|schema|table|aggregate) "?([^"\s(]+)'
)


LONGEST = 30_000
"""So many characters of questions stand in one function at most, but for a question that is longer by itself."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A statement that asks the server about a query; `number` counts the questions of a body from 0."""

    number: int
    statement: str

    @property
    def text(self) -> str:
        return f"BEGIN {self.statement}\n{_REPORT.format(number=self.number)}"


@dataclass(frozen=True, slots=True)
class Probe:
    """A function's body: the blocks before each question, the questions, and the blocks after them.

    `places` are where in the original body each numbered query begins, its text, and the records that may have other
    fields there than the check knows. `creates` are names that the body itself may create, in lower case.
    """

    blocks: tuple[str, ...]
    questions: tuple[_Question, ...]
    places: tuple[tuple[int, str, frozenset[str]], ...]
    creates: frozenset[str]

    @property
    def texts(self) -> Iterator[str]:
        """The bodies of the functions that together ask about all queries."""
        first, length = 0, 0
        for at, question in enumerate(self.questions):
            if at > first and length + len(question.text) > LONGEST:
                yield self._asking(first, at)
                first, length = at, 0
            length += len(question.text)
        yield self._asking(first, len(self.questions))

    def raising(self, number: int) -> str:
        """Return the function that asks about one query alone, and raises the error instead of reporting it."""
        at = next(n for n, question in enumerate(self.questions) if question.number == number)
        text = self._asking(at, at + 1)
        return text.replace(_ASKED_AGAIN.format(number=-1), _ASKED_AGAIN.format(number=number), 1)

    def _asking(self, first: int, end: int) -> str:
        """Return a function with all blocks, and with the questions from `first` to the one before `end`."""
        asked = (b + q.text for b, q in zip(self.blocks[first:end], self.questions[first:end], strict=True))
        return "".join((*self.blocks[:first], *asked, *self.blocks[end:]))


def probe(body: str, routine: str, parameters: Iterable[tuple[str, str, str]], table: str | None = None) -> Probe:
    """Return the function for a body.

    `parameters` are names, types and modes (`i`, `o`, `b`, `v`, `t`); `table` is that of a trigger, `""` for an event
    trigger.
    """
    reader = _Prober(body)
    reader.block()
    reader.end()
    declared, position = [], 0
    for name, type_, mode in parameters:
        position += mode in "ibv"
        if name:
            what = f"ALIAS FOR ${position}" if mode in "ibv" else type_
            declared.append(f"{quote(name)} {what};")
    if table is not None:
        declared.append(_TRIGGER.format(table=table) if table else _EVENT_TRIGGER)
    outer = f"<<{quote(routine)}>>\nDECLARE {' '.join(declared)}\nBEGIN\n"
    blocks, questions = [f"{reader.options}{_HEAD}{outer}"], []
    for part in reader.parts:
        if isinstance(part, str):
            blocks[-1] += part
        else:
            questions.append(part)
            blocks.append("")
    blocks[-1] += "END;\nRETURN pgmg_found;\nEND"
    places = ((begin, query, reader.unsure(loops)) for begin, query, loops in reader.places)
    return Probe(tuple(blocks), tuple(questions), tuple(places), _created(body))


def place_in(message: str, begin: int, query: str, body: str) -> int:
    """Return where in a body, from a query on, the name stands that a message is about; else where the query begins."""
    found = _NAMED.search(message)
    if found is None:
        return begin
    wanted = (found[1] or found[2]).rpartition(".")[2].lower()
    end = len(body) if not query else begin + 2 * len(query) + 80  # what stands between may be longer in the body
    for token in significant(body[:end]):
        if token.start >= begin and token.text.strip('"').lower() == wanted:
            return token.start
    return begin


def _created(body: str) -> frozenset[str]:
    """Return the names after CREATE TABLE and the like, in strings as well."""
    words = re.findall(r"[\w$]+", body.lower())
    found = set()
    for number, word in enumerate(words):
        if word == "create":
            found.update(words[number + 1 : number + 9])
    return frozenset(found)


class _Prober(BodyReader):
    """Writes a block for each block, and asks about queries in the order in which they stand."""

    def __init__(self, body: str) -> None:
        super().__init__(body)
        self.options = ""
        self.places: list[tuple[int, str, dict[str, int]]] = []
        self.parts: list[str | _Question] = []
        self._nest: list[tuple[str, str]] = []
        self._handlers: set[int] = set()
        self._declared: list[str] = []
        self._waiting: list[str | _Question] = []
        self._declaring = False
        self._label = ""
        self._cursors: dict[str, tuple[list[tuple[Token, Fragment]], Fragment]] = {}
        self._filled: dict[tuple[str, int], int] = {}
        self._loops: dict[str, int] = {}
        self._left: list[tuple[int, dict[str, int]]] = []
        self._records: set[str] = set()

    def unsure(self, loops: dict[str, int]) -> frozenset[str]:
        """Return the records that several queries fill, at a place within loops over rows of some of them."""
        names = {name for name, _ in self._filled}
        return frozenset(
            name for name in names if self._filled.get((name, loop := loops.get(name, 0)), 0) + (loop > 0) > 1
        )

    def end(self) -> None:
        """Close what the body leaves open."""
        while self._nest:
            self.parts.append(self._nest.pop()[1])

    # -- queries ------------------------------------------------------------------------------------

    def take_statement(self, text: Fragment, *, is_constant: bool = False) -> None:
        first = next(iter(significant(text)), None)
        if first is None or not (first.word in _EXPLAINED or first.text == "("):
            return
        if is_constant:
            if not any(token.sort is Sort.PARAMETER for token in significant(text)):
                literal = f"EXPLAIN {text}".replace("'", "''").replace("\\", "\\\\")
                self._ask(text, f"FOR pgmg_line IN EXECUTE E'{literal}' LOOP EXIT; END LOOP;")
            return
        self._ask(text, f"FOR pgmg_line IN EXPLAIN {text}\nLOOP EXIT; END LOOP;")

    def take_expression(self, text: Fragment) -> None:
        if not text.startswith("pg_catalog.cursor("):
            self._ask(text, f"FOR pgmg_line IN EXPLAIN SELECT {text}\nLOOP EXIT; END LOOP;")

    def take_targets(self, targets: Fragment, query: Fragment) -> None:
        self._count(targets.lower(), 1)
        self._fill(targets, query)

    def _count(self, name: str, queries: int) -> None:
        key = (name, self._loops.get(name, 0))
        self._filled[key] = self._filled.get(key, 0) + queries

    def _fill(self, targets: Fragment, query: Fragment) -> None:
        first = next(iter(significant(query)), None)
        if first is not None and (first.word in _ROWS or first.text == "("):
            fill = f"SELECT * INTO {targets} FROM ({query}\n) AS pgmg_rows LIMIT 0;"  # noqa: S608 - it becomes part of a body
            self._emit(f"BEGIN {fill}\nEXCEPTION WHEN OTHERS THEN NULL; END;\n")

    def take_unknown(self, targets: Fragment) -> None:
        for target in targets.split(","):
            self._count(target.strip().lower(), 2)

    def take_target(self, variable: Fragment) -> None:
        if "." not in variable:
            self.take_unknown(variable)
        if "." in variable and "[" not in variable:
            self._ask(variable, f"{variable} := NULL;")

    def _ask(self, query: Fragment, statement: str) -> None:
        begin = min((place for _, place, _ in query.pieces), default=self._peek(-1).start)
        self.places.append((begin, str(query), dict(self._loops)))
        self._emit(_Question(len(self.places) - 1, statement))

    def _emit(self, part: str | _Question) -> None:
        (self._waiting if self._declaring else self.parts).append(part)

    # -- variables and blocks -----------------------------------------------------------------------

    def _declarations(self) -> None:
        self._declaring = True
        super()._declarations()

    def take_declaration(self, name: Token, type_: Fragment) -> None:
        self._declared.append(f"{name.text} {type_};")
        (self._records.add if type_.lower() == "record" else self._records.discard)(name.text.lower())

    def take_alias(self, declaration: Fragment) -> None:
        self._declared.append(f"{declaration};")

    def take_cursor(self, name: Token, parameters: list[tuple[Token, Fragment]], query: Fragment) -> None:
        self._declared.append(f"{name.text} refcursor;")
        self._cursors[name.text.lower()] = (parameters, query)
        self._emit(_parameters_block(parameters))
        self.take_statement(query)
        self._emit("END;\n")

    def take_label(self, name: Token) -> None:
        self._label = f"<<{name.text}>>\n"

    def take_option(self, text: Fragment) -> None:
        self.options += f"{text}\n"

    def open_block(self) -> None:
        self.parts.append(f"{self._label}DECLARE {' '.join(self._declared)}\nBEGIN\n")
        self.parts += [*self._waiting, "NULL;\n"]
        self._declared, self._waiting, self._declaring, self._label = [], [], False, ""
        self._nest.append(("", "END;\n"))

    def open_loop(self, variables: Fragment | None = None, source: Fragment | None = None) -> None:
        self._label = ""
        if variables is None:
            self._nest.append(("LOOP", ""))
        elif source is None:
            self._open_variable(variables, "integer")
        else:
            self._open_variable(variables, "record")
            if cursor := self._cursors.get(source.lower()):
                self.parts.append(_parameters_block(cursor[0]))
                self._fill(variables, cursor[1])
                self.parts.append("END;\n")

    def open_rows(self, variables: Fragment, query: Fragment) -> None:
        """Give a variable of type RECORD the columns of this query within the loop, whatever it holds elsewhere."""
        name = variables.lower()
        if name in self._records:
            self._open_variable(variables, "record")
            self._loops[name] = len(self.parts)
        else:
            self._nest.append(("LOOP", ""))
        self._fill(variables, query)

    def _open_variable(self, name: Fragment, type_: str) -> None:
        self.parts.append(f"DECLARE {name} {type_};\nBEGIN\n")
        self._nest.append(("LOOP", "END;\n"))
        self._left.append((len(self._nest), dict(self._loops)))

    def open_condition(self) -> None:
        self._nest.append(("IF", ""))

    def open_handlers(self) -> None:
        self._handlers.add(len(self._nest))

    @property
    def in_handlers(self) -> bool:
        return len(self._nest) in self._handlers

    def close(self, word: str) -> None:
        kind = "IF" if word == "CASE" else word
        if self._nest and self._nest[-1][0] == kind:
            self._handlers.discard(len(self._nest))
            if self._left and self._left[-1][0] == len(self._nest):
                self._loops = self._left.pop()[1]
            self.parts.append(self._nest.pop()[1])


def _parameters_block(parameters: list[tuple[Token, Fragment]]) -> str:
    declared = " ".join(f"{name.text} {type_};" for name, type_ in parameters)
    return f"DECLARE {declared}\nBEGIN\nNULL;\n"
