"""Reads PL/pgSQL: cuts a body into its SQL statements, expressions and declared types (rule 2.2).

The PL/pgSQL parser in libpg_query cannot be relied on (it knows no schemas but `public`, and loses its output on some
statements), so the blocks are read here, by the rules of pl_gram.y: expressions end at a keyword outside of
parentheses. The SQL in between is left to the grammar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.source.grammar.lexer import Sort, Token, significant
from pgmg.source.references.body_contents import BodyContents, Fragment, Fragments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def fragments(body: str) -> Fragments:
    """Cut a body up. What is not PL/pgSQL gives fragments that do not parse, nothing worse."""
    reader = BodyReader(body)
    reader.block()
    return reader.found


_STARTS_NOTHING = frozenset({"ELSE", "LOOP", "BEGIN", "EXCEPTION"})
_NO_SQL = frozenset({"NULL", "COMMIT", "ROLLBACK", "CLOSE", "GET", "FETCH", "MOVE"})
_UNTIL_TYPE_ENDS = frozenset({"NOT", "DEFAULT", "COLLATE"})
_ASSIGN = frozenset({":=", "="})


class BodyReader(BodyContents):
    """Reads a body from its first token to its last, and notes what it meets."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self._body = body
        self._tokens = list(significant(body))
        self._at = 0

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
            self.take_expression(text)

    # -- blocks -------------------------------------------------------------------------------------

    def block(self) -> None:
        """Read statements to the end of the body."""
        while not self._done:
            token = self._peek()
            if token.text in (";", "#"):
                if token.text == "#":
                    self.take_option(self._text(self._tokens[self._at : self._at + 3]))
                    self._at += 3
                else:
                    self._at += 1
            elif token.text == "<<":
                self.take_label(self._peek(1))
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
            begin, name = self._at, self._peek()
            self._at += 1
            if self._skip("ALIAS"):
                self._until()
                self.take_alias(self._text(self._tokens[begin : self._at]))
            elif self._peek().word in ("CURSOR", "NO", "SCROLL") and self._is_cursor():
                self._cursor(name)
            else:
                self._skip("CONSTANT")
                self.take_declaration(name, self._text(self._until(*_UNTIL_TYPE_ENDS, *_ASSIGN)))
                self._until("DEFAULT", *_ASSIGN)
                self._at += 1
                if self._peek(-1).text != ";":
                    self._expression()

    def _is_cursor(self) -> bool:
        return "CURSOR" in (self._peek(n).word for n in range(3))

    def _cursor(self, name: Token) -> None:
        parameters: list[tuple[Token, Fragment]] = []
        while not self._done and self._peek().text not in ("(", ";") and self._peek().word not in ("FOR", "IS"):
            self._at += 1
        if self._peek().text == "(":
            parameters = list(self._parameters())
        self._until("FOR", "IS")
        self._at += 1
        self.take_cursor(name, parameters, self._text(self._until()))

    def _parameters(self) -> Iterator[tuple[Token, Fragment]]:
        """Read a cursor's parameters: a name and a type each."""
        self._at += 1
        while not self._done and self._peek().text not in (")", ";"):
            name = self._peek()
            self._at += 1
            yield name, self._text(self._until(",", ")"))
            self._at += self._peek().text == ","

    # -- statements ---------------------------------------------------------------------------------

    def _statement(self, token: Token) -> None:
        word = token.word
        if word in _STARTS_NOTHING:
            self._at += 1
            self._started(word)
        elif word == "END":
            self._at += 1
            self.close(self._peek().word if self._peek().word in ("IF", "LOOP", "CASE") else "")
            self._until()  # END IF; END LOOP label; END;
        elif word in ("WHEN", "IF", "ELSIF", "ELSEIF", "WHILE", "CASE"):
            self._at += 1
            self._condition(word)
        elif word in ("FOR", "FOREACH"):
            self._at += 1
            self._loop(each=word == "FOREACH")
        elif word in _NO_SQL:
            self._until("INTO")
            if self._skip("INTO"):  # FETCH
                self.take_unknown(self._text(self._until()))
        else:
            self._simple(word)

    def _started(self, word: str) -> None:
        if word == "BEGIN":
            self.open_block()
        elif word == "LOOP":
            self.open_loop()
        elif word == "EXCEPTION":
            self.open_handlers()

    def _condition(self, word: str) -> None:
        match word:
            case "WHILE":
                self._expression("LOOP")
                self.open_loop()
            case "CASE":
                self.open_condition()
                self._expression("WHEN")
            case "WHEN" if self.in_handlers:
                self._until("THEN")
            case _:
                if word == "IF":
                    self.open_condition()
                self._expression("THEN")  # an exception's condition is read too: a name is no reference
        if word != "CASE":
            self._at += 1

    def _loop(self, *, each: bool) -> None:
        targets = self._text(self._until("SLICE", "IN"))
        self._until("IN")
        self._at += 1
        if each:
            self._skip("ARRAY")
            self._expression("LOOP")
            self.open_loop()
        elif self._skip("EXECUTE"):
            self.take_unknown(targets)
            self._dynamic("LOOP")
            self.open_loop()
        else:
            self._skip("REVERSE")
            inner = self._until("LOOP")
            self._range(inner, targets)
        self._at += 1

    def _range(self, inner: list[Token], targets: Fragment) -> None:
        """`1..n BY 2`, a query, or a cursor with its arguments."""
        dots = next((n for n, token in enumerate(inner) if token.text == ".."), None)
        if dots is not None:
            by = next((n for n, token in enumerate(inner) if token.word == "BY"), len(inner))
            pieces = (inner[:dots], inner[dots + 1 : by], inner[by + 1 :])
            self._take_all(pieces)
            self.open_loop(targets)
        elif _is_cursor(inner):
            self._cursor_arguments(inner)
            self.open_loop(targets, self._text(inner[:1]))
        else:
            self.take_statement(self._text(inner))
            self.open_rows(targets, self._text(inner))

    def _take_all(self, values: Iterable[list[Token]]) -> None:
        for value in values:
            if text := self._text(value):
                self.take_expression(text)

    def _cursor_arguments(self, inner: list[Token]) -> None:
        """Read `c(x := f(1), 2)` as an expression list."""
        if len(inner) > 3 and inner[1].text == "(":  # noqa: PLR2004 - name, parentheses and something inside
            self.take_expression(self._text(inner[1:]).within("pg_catalog.cursor"))  # so named arguments parse

    def _dynamic(self, *ends: str) -> None:
        """EXECUTE: a constant is read as what it says, any other expression only as an expression (rule 2.2)."""
        command = self._until("INTO", "USING", *ends)
        if len(command) == 1 and command[0].sort is Sort.STRING:
            self.take_statement(Fragment(constant(command[0].text)), is_constant=True)
        elif command:
            self.take_expression(self._text(command))
        while self._peek().word in ("INTO", "USING"):
            if self._skip("USING"):
                if text := self._text(self._until("INTO", *ends)):
                    self.take_expression(text.within("ROW(", ")"))
            else:
                self._at += 1
                self._skip("STRICT")
                self.take_unknown(self._text(self._until("USING", *ends)))

    def _simple(self, word: str) -> None:
        """A statement without inner statements: it ends at the next semicolon."""
        match word:
            case "RETURN":
                self._at += 1
                self._return()
            case "PERFORM":
                self._at += 1
                self.take_statement(self._text(self._until()).within("SELECT "))
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
                self.take_expression(self._text(self._until()).within("ROW(", ")"))
            case "OPEN":
                self._open()
            case _:
                self._sql_or_assignment()

    def _return(self) -> None:
        if self._skip("QUERY"):
            if self._skip("EXECUTE"):
                self._dynamic()
            else:
                self.take_statement(self._text(self._until()))
        else:
            self._skip("NEXT")
            self._expression()

    def _raise(self) -> None:
        """RAISE [level] 'format', value, … [USING option = value, …]."""
        values = _commas(self._until("USING"))[1:]
        if self._skip("USING"):
            values += [option[2:] for option in _commas(self._until())]
        self._take_all(values)

    def _open(self) -> None:
        inner = self._until("FOR")[1:]
        if self._skip("FOR"):
            if self._skip("EXECUTE"):
                self._dynamic()
            else:
                self.take_statement(self._text(self._until()))
        else:
            self._cursor_arguments(inner)

    def _sql_or_assignment(self) -> None:
        begin = self._at
        target = self._until(*_ASSIGN)
        if self._peek().text in _ASSIGN and _is_variable(target):
            self._take_all(_subscripts(target))
            self._at += 1
            self._expression()
            self.take_target(self._text(target))
            return
        self._at = begin
        self._take_without_into(self._until())

    def _take_without_into(self, tokens: list[Token]) -> None:
        """Take a statement without `INTO [STRICT] variable, …`; `INSERT INTO` and `MERGE INTO` stay."""
        depth = 0
        for n, token in enumerate(tokens):
            depth += (token.text == "(") - (token.text == ")")
            before = tokens[n - 1].word if n else ""
            if token.word == "INTO" and not depth and before not in ("INSERT", "MERGE"):
                after = _after_targets(tokens, n + 1)
                query = self._text(tokens[:n]).followed_by(self._text(tokens[after:]))
                self.take_statement(query)
                targets = [token for token in tokens[n + 1 : after] if token.word != "STRICT"]
                self.take_targets(self._text(targets), query)
                return
        self.take_statement(self._text(tokens))


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
