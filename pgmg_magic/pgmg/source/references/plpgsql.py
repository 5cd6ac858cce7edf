"""Reads PL/pgSQL: cuts a body into its SQL statements, expressions and declared types (rule 2.2).

The PL/pgSQL parser in libpg_query cannot be relied on (it knows no schemas but `public`, and loses its output on some
statements), so the blocks are read here, by the rules of pl_gram.y: expressions end at a keyword outside of
parentheses. The SQL in between is left to the grammar.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from pgmg.source.grammar.lexer import Sort, Token, significant

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fragment(str):
    """SQL that a body holds, and where: for each piece of it its first character, that in the body, and its length.

    What belongs to no piece does not stand in the body: a SELECT before an expression, what a string constant says.
    """

    __slots__ = ("pieces",)
    pieces: tuple[tuple[int, int, int], ...]

    def __new__(cls, text: str, pieces: tuple[tuple[int, int, int], ...] = ()) -> Self:
        """Return a text with its pieces."""
        made = super().__new__(cls, text)
        made.pieces = pieces
        return made

    def within(self, before: str, after: str = "") -> Fragment:
        """Return it with other text around it."""
        moved = tuple((start + len(before), place, length) for start, place, length in self.pieces)
        return Fragment(f"{before}{self}{after}", moved)

    def followed_by(self, other: Fragment) -> Fragment:
        """Return it with a space and another one after it."""
        moved = other.within(f"{self} ")
        return Fragment(moved, self.pieces + moved.pieces)


@dataclass(slots=True)
class Fragments:
    """The contents of a body: complete statements, expressions, type spellings, and strings given to EXECUTE."""

    statements: list[Fragment] = field(default_factory=list)
    expressions: list[Fragment] = field(default_factory=list)
    types: list[Fragment] = field(default_factory=list)


def fragments(body: str) -> Fragments:
    """Cut a body up. What is not PL/pgSQL gives fragments that do not parse, nothing worse."""
    reader = _Reader(body)
    reader.block()
    return reader.found


_STARTS_NOTHING = frozenset({"ELSE", "LOOP", "BEGIN", "EXCEPTION"})
_NO_SQL = frozenset({"NULL", "COMMIT", "ROLLBACK", "CLOSE", "GET", "FETCH", "MOVE"})
_UNTIL_TYPE_ENDS = frozenset({"NOT", "DEFAULT", "COLLATE"})
_ASSIGN = frozenset({":=", "="})


class _Reader:
    def __init__(self, body: str) -> None:
        self._body = body
        self._tokens = list(significant(body))
        self._at = 0
        self.found = Fragments()

    # -- moving -------------------------------------------------------------------------------------

    @property
    def _done(self) -> bool:
        return self._at >= len(self._tokens)

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else Token(Sort.OTHER, "", 0, 0)

    def _skip(self, *words: str) -> bool:
        if self._peek().word in words:
            self._at += 1
            return True
        return False

    def _until(self, *ends: str) -> list[Token]:
        """Take the tokens up to one of the words or signs outside of parentheses, or a semicolon; the end stays."""
        begin, depth = self._at, 0
        while not self._done:
            token = self._peek()
            if token.text in ("(", "["):
                depth += 1
            elif token.text in (")", "]") and (depth or token.text not in ends):
                depth -= 1
            elif token.text == ";" or (depth <= 0 and (token.word or token.text) in ends):
                break
            self._at += 1
        return self._tokens[begin : self._at]

    def _text(self, tokens: list[Token]) -> Fragment:
        if not tokens:
            return Fragment("")
        start, end = tokens[0].start, tokens[-1].end
        return Fragment(self._body[start:end], ((0, start, end - start),))

    def _expression(self, *ends: str) -> None:
        if text := self._text(self._until(*ends)):
            self.found.expressions.append(text)

    # -- blocks -------------------------------------------------------------------------------------

    def block(self) -> None:
        """Read statements to the end of the body."""
        while not self._done:
            token = self._peek()
            if token.text in (";", "#"):
                if token.text == "#":  # an option: #variable_conflict use_column
                    self._at += 3
                else:
                    self._at += 1
            elif token.text == "<<":
                self._at += 3
            elif token.word == "DECLARE":
                self._at += 1
                self._declarations()
            else:
                self._statement(token)

    def _declarations(self) -> None:
        while not self._done and self._peek().word != "BEGIN":
            if self._skip("DECLARE") or self._peek().text in (";", "<<", ">>"):
                self._at += self._peek().text in (";", "<<", ">>")
                continue
            self._at += 1  # the variable's name
            if self._skip("ALIAS"):
                self._until()
            elif self._peek().word in ("CURSOR", "NO", "SCROLL") and self._is_cursor():
                self._cursor()
            else:
                self._skip("CONSTANT")
                self.found.types.append(self._text(self._until(*_UNTIL_TYPE_ENDS, *_ASSIGN)))
                self._until("DEFAULT", *_ASSIGN)
                self._at += 1
                if self._peek(-1).text != ";":
                    self._expression()

    def _is_cursor(self) -> bool:
        return "CURSOR" in (self._peek(n).word for n in range(3))

    def _cursor(self) -> None:
        while not self._done and self._peek().text not in ("(", ";") and self._peek().word not in ("FOR", "IS"):
            self._at += 1
        if self._peek().text == "(":
            self._parameters()
        self._until("FOR", "IS")
        self._at += 1
        self.found.statements.append(self._text(self._until()))

    def _parameters(self) -> None:
        """Read the types of a cursor's parameters: a name and a type each."""
        self._at += 1
        while not self._done and self._peek().text not in (")", ";"):
            self._at += 1  # the name
            self.found.types.append(self._text(self._until(",", ")")))
            self._at += self._peek().text == ","

    # -- statements ---------------------------------------------------------------------------------

    def _statement(self, token: Token) -> None:
        word = token.word
        if word in _STARTS_NOTHING:
            self._at += 1
        elif word == "END":
            self._at += 1
            self._until()  # END IF; END LOOP label; END;
        elif word in ("WHEN", "IF", "ELSIF", "ELSEIF", "WHILE", "CASE"):
            self._at += 1
            self._condition(word)
        elif word in ("FOR", "FOREACH"):
            self._at += 1
            self._loop(each=word == "FOREACH")
        elif word in _NO_SQL:
            self._until()
        else:
            self._simple(word)

    def _condition(self, word: str) -> None:
        match word:
            case "WHILE":
                self._expression("LOOP")
            case "CASE":
                self._expression("WHEN")
            case _:
                self._expression("THEN")  # an exception's condition is read too: a name is no reference
        if word != "CASE":
            self._at += 1

    def _loop(self, *, each: bool) -> None:
        self._until("IN")
        self._at += 1
        if each:
            self._skip("ARRAY")
            self._expression("LOOP")
        elif self._skip("EXECUTE"):
            self._dynamic("LOOP")
        else:
            self._skip("REVERSE")
            inner = self._until("LOOP")
            self._range(inner)
        self._at += 1

    def _range(self, inner: list[Token]) -> None:
        """`1..n BY 2`, a query, or a cursor with its arguments."""
        dots = next((n for n, token in enumerate(inner) if token.text == ".."), None)
        if dots is not None:
            by = next((n for n, token in enumerate(inner) if token.word == "BY"), len(inner))
            pieces = (inner[:dots], inner[dots + 1 : by], inner[by + 1 :])
            self.found.expressions += [text for piece in pieces if (text := self._text(piece))]
        elif _is_cursor(inner):
            self._cursor_arguments(inner)
        else:
            self.found.statements.append(self._text(inner))

    def _cursor_arguments(self, inner: list[Token]) -> None:
        """Read `c(x := f(1), 2)` as an expression list."""
        if len(inner) > 3 and inner[1].text == "(":  # noqa: PLR2004 - name, parentheses and something inside
            self.found.expressions.append(self._text(inner[1:]).within("pg_catalog.cursor"))  # so named arguments parse

    def _dynamic(self, *ends: str) -> None:
        """EXECUTE: a constant is read as what it says, any other expression only as an expression (rule 2.2)."""
        command = self._until("INTO", "USING", *ends)
        if len(command) == 1 and command[0].sort is Sort.STRING:
            self.found.statements.append(Fragment(constant(command[0].text)))
        elif command:
            self.found.expressions.append(self._text(command))
        while self._peek().word in ("INTO", "USING"):
            if self._skip("USING"):
                if text := self._text(self._until("INTO", *ends)):
                    self.found.expressions.append(text.within("ROW(", ")"))
            else:
                self._until("USING", *ends)

    def _simple(self, word: str) -> None:
        """A statement without inner statements: it ends at the next semicolon."""
        match word:
            case "RETURN":
                self._at += 1
                self._return()
            case "PERFORM":
                self._at += 1
                self.found.statements.append(self._text(self._until()).within("SELECT "))
            case "EXECUTE":
                self._at += 1
                self._dynamic()
            case "EXIT" | "CONTINUE":
                self._until("WHEN")
                self._at += self._peek().word == "WHEN"
                self._expression()
            case "RAISE":
                self._raise()
            case "ASSERT":
                self._at += 1
                self.found.expressions.append(self._text(self._until()).within("ROW(", ")"))
            case "OPEN":
                self._open()
            case _:
                self._sql_or_assignment()

    def _return(self) -> None:
        if self._skip("QUERY"):
            if self._skip("EXECUTE"):
                self._dynamic()
            else:
                self.found.statements.append(self._text(self._until()))
        else:
            self._skip("NEXT")
            self._expression()

    def _raise(self) -> None:
        """RAISE [level] 'format', value, … [USING option = value, …]."""
        values = _commas(self._until("USING"))[1:]
        if self._skip("USING"):
            values += [option[2:] for option in _commas(self._until())]
        self.found.expressions += [text for value in values if (text := self._text(value))]

    def _open(self) -> None:
        inner = self._until("FOR")[1:]
        if self._skip("FOR"):
            if self._skip("EXECUTE"):
                self._dynamic()
            else:
                self.found.statements.append(self._text(self._until()))
        else:
            self._cursor_arguments(inner)

    def _sql_or_assignment(self) -> None:
        begin = self._at
        target = self._until(*_ASSIGN)
        if self._peek().text in _ASSIGN and _is_variable(target):
            for index in _subscripts(target):
                self.found.expressions.append(self._text(index))
            self._at += 1
            self._expression()
            return
        self._at = begin
        self.found.statements.append(self._without_into(self._until()))

    def _without_into(self, tokens: list[Token]) -> Fragment:
        """Return a statement without `INTO [STRICT] variable, …`; `INSERT INTO` and `MERGE INTO` stay."""
        depth = 0
        for n, token in enumerate(tokens):
            depth += (token.text == "(") - (token.text == ")")
            before = tokens[n - 1].word if n else ""
            if token.word == "INTO" and not depth and before not in ("INSERT", "MERGE"):
                after = _after_targets(tokens, n + 1)
                return self._text(tokens[:n]).followed_by(self._text(tokens[after:]))
        return self._text(tokens)


def _commas(tokens: list[Token]) -> list[list[Token]]:
    """Split at the commas outside of parentheses."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if token.text == "," and not depth:
            found.append([])
        else:
            found[-1].append(token)
    return found


def _is_cursor(tokens: list[Token]) -> bool:
    """`c` or `c(…)`; a query has more before its first parenthesis, unless it begins with one."""
    if not tokens or tokens[0].sort not in (Sort.WORD, Sort.QUOTED) or tokens[0].word in ("EXPLAIN", "VALUES"):
        return False
    return len(tokens) == 1 or tokens[1].text == "("


def _is_variable(tokens: list[Token]) -> bool:
    """`x`, `x.y`, `x[1]`, `$1`: what may stand left of an assignment. A statement begins with two words."""
    if not tokens or tokens[0].sort not in (Sort.WORD, Sort.QUOTED, Sort.PARAMETER):
        return False
    return len(tokens) == 1 or tokens[1].text in (".", "[")


def _subscripts(tokens: list[Token]) -> Iterator[list[Token]]:
    begin = None
    for n, token in enumerate(tokens):
        if token.text == "[":
            begin = n + 1
        elif token.text in ("]", ":") and begin is not None:
            if n > begin:
                yield tokens[begin:n]
            begin = n + 1 if token.text == ":" else None


def _after_targets(tokens: list[Token], at: int) -> int:
    """Return where the list of variables after INTO ends: names, dots, subscripts, commas between them."""
    if at < len(tokens) and tokens[at].word == "STRICT":
        at += 1
    while at < len(tokens):
        at += 1  # a name
        while at < len(tokens) and tokens[at].text in (".", "["):
            at = at + 2 if tokens[at].text == "." else _closing(tokens, at)
        if at >= len(tokens) or tokens[at].text != ",":
            break
        at += 1
    return at


def _closing(tokens: list[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].text != "]":
        at += 1
    return at + 1


def constant(literal: str) -> str:
    """Return what a string constant says."""
    if literal.startswith("$"):
        tag = literal[: literal.index("$", 1) + 1]
        return literal[len(tag) : -len(tag)]
    inner = literal[literal.index("'") + 1 : -1].replace("''", "'")
    return inner.replace("\\n", "\n").replace("\\'", "'").replace("\\\\", "\\") if literal[0] in "eE" else inner
