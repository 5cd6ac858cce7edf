"""Finds secrets by the tokens around the names of secrets: in SQL, in what SQL holds in constants, in messages.

When in doubt a constant counts as a secret. A level is a text; the content of each constant and comment in it is a
level of its own, so that `EXECUTE 'ALTER ROLE r PASSWORD ''…'''` is read as the server will read it.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from pgmg.model.naming.sql_tokens import Sort, Token, tokens
from pgmg.model.secrets.layout import SecretLayout, is_unclosed
from pgmg.model.secrets.nested import Text, content
from pgmg.model.secrets.secret_names import SECRET_FUNCTIONS, is_secret, is_suspicious
from pgmg.model.secrets.urls import url_secrets

TextSpan = tuple[int, int]

_DEEPEST = 40
"""Levels within levels that are read; what is nested deeper is hidden whole if it may hold a secret."""

_NEAR = 300
"""Characters after the name of a secret that are read afresh where a text is broken."""

_RESTARTS = 1
"""The deepest level of which the names are read afresh."""

_DECLARATION = 20
"""Tokens of a column or variable among which its default is looked for."""

_STATEMENT_WORDS = (
    "ALTER BEGIN CALL COMMENT COPY CREATE DECLARE DELETE DO DROP END EXECUTE EXPLAIN GRANT IF IMPORT INSERT MERGE"
    " PERFORM PREPARE RAISE RETURN REVOKE SECURITY SELECT SET TABLE TRUNCATE UPDATE VALUES WITH"
)
_STATEMENTS = frozenset(_STATEMENT_WORDS.split())
"""Words that a statement of SQL or PL/pgSQL begins with."""

_CONNECTORS = frozenset({"=", "=>", ":=", ":", "==", "<>", "!="})
_PLACEHOLDERS = ("%", "$", "{", "?", ":")
_NOT_CALLS = frozenset({"IN", "ENUM", "ANY", "ALL"})
_IS_NAME = re.compile(r"'[\w.\-]{1,63}'")
_IS_NAMED = re.compile(r"\w*(?:passw|passphrase|secret)\w*", re.IGNORECASE)
_VALUE = re.compile(r"(?:[^\s'\"`]|`(?![\s.,;:)]|\Z))+")
_UNTIL_QUOTE = re.compile(r"[^\s'\";]+")
_NUMBER = re.compile(r"[\w.]+")
_JOINED = re.compile(r"=(?!>?\Z|=\Z).")
_BLANKS = re.compile(r"\s*")
_PLACEHOLDER = re.compile(r"%(?:\d+\$)?[sLI]|%\(\w+\)s|\$\d+|\$\{\w*\}|\$[A-Z_][A-Z0-9_]*|\{\{?\s*\w*\s*\}\}?|\?|\*+")
"""A placeholder that is a whole word, as `%s`, `$1` or `{name}`; any other word may be a secret."""
_NEXT_QUOTE = re.compile(r"['\n]|\Z")


class Openness(Enum):
    """Whether the secret of a level stands outside it, as in `format('… PASSWORD %L', …)`."""

    CLOSED = auto()
    ARGUMENTS = auto()  # among the other arguments of the call, or what is concatenated
    ANYWHERE = auto()  # anywhere in the program: a variable may hold it


def find_secrets(
    text: Text, *, depth: int = 0, constant: bool = False, afresh: bool = False
) -> tuple[list[TextSpan], Openness]:
    """Return the spans of secrets, as offsets in the outermost text, and whether another one stands outside.

    `constant` says that the text is the content of a constant in single quotes, `afresh` that it is a part of a
    broken text that begins with the name of a secret.
    """
    if not is_suspicious(text.text):
        return [], Openness.CLOSED
    if depth > _DEEPEST:
        return [(text.offsets[0], text.offsets[-1])], Openness.CLOSED
    every = list(tokens(text.text))
    level = _Level(text, every, depth, constant=constant)
    level.search()
    if depth <= _RESTARTS and not afresh and is_unclosed(every[-1]):
        # a quote too few or too many turns constants inside out: each name is read afresh
        known = 0
        for found in _IS_NAMED.finditer(text.text):
            if found.start() < known:
                continue
            known = found.start() + _NEAR // 2
            stop = min(found.start() + _NEAR, len(text.text))
            near = text.part(found.start(), stop)
            for start, end in find_secrets(near, depth=_RESTARTS + 1, afresh=True)[0]:
                cut = end == text.offsets[stop]
                level.spans.append((start, text.offsets[_end_of(_UNTIL_QUOTE, text.text, stop)] if cut else end))
    return level.spans, level.openness


class _Level:
    """One text; `spans` are offsets in the outermost text, positions are those of `SecretLayout`."""

    def __init__(self, text: Text, every: list[Token], depth: int, *, constant: bool) -> None:
        self._text, self._depth, self._constant = text, depth, constant
        self._comments = [token for token in every if token.sort is Sort.COMMENT]
        self._tokens = [token for token in every if token.sort is not Sort.COMMENT]
        self._layout = SecretLayout(self._tokens)
        self._is_sql = self._layout.word(0) in _STATEMENTS
        self._role_statement = False
        self._hidden: list[tuple[int, int]] = []  # ranges of positions whose constants are secrets
        self._hidden_up_to: dict[re.Pattern[str], int] = {}
        self.spans: list[TextSpan] = []
        self.openness = Openness.CLOSED

    def search(self) -> None:
        """Fill `spans` and `openness`."""
        for start, end in url_secrets(self._text.text, nested=self._depth > 0):
            self._hide(start, end)
        for comment in self._comments:
            self.spans += find_secrets(self._text.inside(comment), depth=self._depth + 1)[0]
        open_clauses = {
            position
            for position, token in enumerate(self._tokens)
            if token.sort in (Sort.STRING, Sort.QUOTED) and self._look_inside(position, token) is Openness.ANYWHERE
        }
        for start, end in self._layout.statements:
            self._statement(start, end)
            if not self._depth and any(start <= position <= end for position in open_clauses):
                self._hidden.append((start, end))
        if self._depth and open_clauses:
            self._hidden.append((0, len(self._tokens)))
        self._hide_constants(open_clauses)

    # -- levels within --------------------------------------------------------------------------------------

    def _look_inside(self, position: int, token: Token) -> Openness:
        single = token.sort is Sort.STRING and not token.text.startswith("$")
        spans, openness = find_secrets(self._text.inside(token), depth=self._depth + 1, constant=single)
        self.spans += spans
        if openness is Openness.ARGUMENTS:
            after = position + 1
            if _IS_NAME.fullmatch(token.text):
                self._named_by_constant(position)
            elif self._layout.sign(after) in ("||", ","):
                self._hidden.append((after, self._layout.call_end(after)))
        return openness

    def _named_by_constant(self, position: int) -> None:
        """Hide what goes with a name: `set_config('app.password', '…', false)`, `data ->> 'password' = '…'`."""
        after = position + 1
        if self._layout.sign(after) != ",":
            self._hidden.append((after, self._layout.item_end(after)))
        elif self._is_in_call(position):
            self._hidden.append((after + 1, self._layout.item_end(after + 1)))

    def _is_in_call(self, position: int) -> bool:
        """Whether the nearest open parenthesis is that of a call or of VALUES, and not a list such as IN (…)."""
        called = self._layout.around(position) - 1
        if called < 0:
            return False
        return self._tokens[called].sort in (Sort.WORD, Sort.QUOTED) and self._layout.word(called) not in _NOT_CALLS

    # -- statements -----------------------------------------------------------------------------------------

    def _statement(self, start: int, end: int) -> None:
        self._role_statement = False
        writes: str | None = None
        position = start
        while position < end:
            words = self._layout.word(position - 1), self._layout.word(position)
            if words[0] in ("CREATE", "ALTER") and words[1] in ("ROLE", "USER", "GROUP"):
                self._role_statement = self._layout.word(position + 1) != "MAPPING"
            if words[1] == "COPY" or (words[1] in ("INSERT", "MERGE") and self._layout.word(position + 1) == "INTO"):
                writes = words[1]
            after = self._name_end(position)
            if after > position:
                if writes is not None or words[0] == "UPDATE":
                    self._hidden.append((after, end))
                    self._hide_copied(writes, end)
                self._secret(position, after, end)
            position = max(after, position + 1)

    def _hide_copied(self, writes: str | None, end: int) -> None:
        """Hide the lines that follow `COPY users (name, password) FROM stdin;`."""
        if writes == "COPY" and end < len(self._tokens):
            text, semicolon = self._text.text, self._tokens[end].end
            begin = text.find("\n", semicolon)
            stop = text.find("\n\\.", semicolon)
            if begin >= 0:
                self._hide(begin + 1, len(text) if stop < 0 else stop)

    # -- names and what follows them ------------------------------------------------------------------------

    def _name_end(self, position: int) -> int:
        """Return the position after the name of a secret that begins here; `position` itself where there is none."""
        token = self._tokens[position]
        if token.word == "BY" and self._layout.word(position - 1) == "IDENTIFIED":
            return position + 1
        if token.sort not in (Sort.WORD, Sort.QUOTED) or self._layout.sign(position - 1) == ".":
            return position
        end, found = position, False
        while end < len(self._tokens) and self._tokens[end].sort in (Sort.WORD, Sort.QUOTED):
            found = found or is_secret(self._name(self._tokens[end]))
            end += 1
            if self._layout.sign(end) != ".":
                break
            end += 1
        is_function = token.word in SECRET_FUNCTIONS and self._layout.sign(position + 1) == "("
        return end if found or is_function else position

    def _name(self, token: Token) -> str:
        return self._text.inside(token).text if token.sort is Sort.QUOTED else token.text

    def _secret(self, name: int, after: int, end: int) -> None:
        """Hide what goes with the name from `name` up to `after`, in a statement that ends at `end`."""
        at = self._layout
        if at.sign(name - 1) in _CONNECTORS and name > 1:
            self._hidden.append((name - 2, name - 1))  # 'secret' = password
        if at.word(name - 1) == "AS":
            self._hidden.append((at.item_start(name), name))
        if after >= end:
            self._open(after)
            return
        token = self._tokens[after]
        if at.word(name) == "PASSWORD" and (self._role_statement or at.word(name - 1) == "ENCRYPTED"):
            self._password_clause(after)
        elif token.sort is Sort.STRING:
            self._constant_or_open(after)
        elif token.text in _CONNECTORS or token.word == "TO" or _JOINED.match(token.text):
            self._assigned(name, after, end)
        elif token.text == "(":
            self._hidden.append((after, at.closing(after)))
        elif token.text == ")" and at.sign(after + 1) == "=" and at.sign(after + 2) == "(":
            self._hide_in_line(self._tokens[after + 2].end)  # Key (password)=(secret) already exists
        elif token.text.startswith(_PLACEHOLDERS):
            self._open(after)
        elif token.sort is Sort.WORD:
            self._declared(after)

    def _constant_or_open(self, position: int) -> None:
        token = self._tokens[position]
        if is_unclosed(token) and content(token)[0] == len(token.text):
            self._open(position)  # 'ALTER ROLE r PASSWORD ''' || …
        else:
            self._hidden.append((position, self._layout.item_end(position)))

    def _password_clause(self, after: int) -> None:
        """Hide what `ALTER ROLE … PASSWORD` gives: a constant, or what somebody wrote in its place."""
        token = self._tokens[after]
        if token.word == "NULL":
            return
        if token.sort is Sort.STRING:
            self._constant_or_open(after)
        elif token.sort is Sort.QUOTED:
            self._hide_token(token)
        elif token.text in _CONNECTORS and self._layout.sign(after + 1):
            self._hidden.append((after + 1, self._layout.item_end(after + 1)))
            self._hide_unquoted(_end_of(_BLANKS, self._text.text, token.end), _UNTIL_QUOTE)
        else:
            if token.text.startswith(_PLACEHOLDERS):
                self._open(after)
            self._hide_unquoted(token.start, _UNTIL_QUOTE)

    def _assigned(self, name: int, after: int, end: int) -> None:
        """Hide the value behind `=`, `=>`, `:=`, `:` or TO."""
        value, sign = after + 1, self._tokens[after]
        if sign.text == ":" and self._is_file(after - 1) and value < end and self._tokens[value].sort is Sort.NUMBER:
            return
        joined = _JOINED.match(sign.text)  # password=!x, where =! is one operator to the lexer
        start = _end_of(_BLANKS, self._text.text, sign.end) if joined is None else sign.start + 1
        is_pair = sign.word != "TO" and self._is_pair(name, sign, start)
        hidden = is_pair and self._hide_unquoted(start, _VALUE)
        if value >= end:
            if not hidden:
                self._open(value)
            return
        token = self._tokens[value]
        self._hidden.append((value, self._layout.item_end(value)))
        if token.sort is Sort.NUMBER:
            self._hide_unquoted(token.start, _NUMBER)
        elif token.text.startswith("%") or (token.text.startswith("$") and self._constant):
            self._open(value)
        elif token.sort is Sort.QUOTED and (not self._is_sql or sign.text == ":"):
            self._hide_token(token)

    def _is_file(self, last: int) -> bool:
        """Whether a name ends in `.sql`: the line of a file follows, as in `sql/reset_password.sql:12`."""
        return last > 0 and self._layout.word(last) == "SQL" and self._tokens[last - 1].text == "."

    def _is_pair(self, name: int, sign: Token, value: int) -> bool:
        """Whether `password = value` is a pair of a connection string, or a line of settings, and no expression."""
        before = self._tokens[name].start
        if sign.text == ":":
            line = self._text.text.rfind("\n", 0, before) + 1
            return before - line < _NEAR and not self._text.text[line:before].strip(" \t-{,")
        if name > 1 and self._layout.sign(name - 2) == "=" and self._layout.sign(name - 1) not in (",", ")"):
            return True
        touching = value in (sign.end, sign.start + 1) and sign.start == self._tokens[name].end
        return not self._is_sql and (touching or self._depth > 0)

    def _declared(self, after: int) -> None:
        """Hide the default of a column or variable: `pw text := '…'`, `password text DEFAULT '…'`."""
        until = self._layout.item_end(after)
        for position in range(after, min(until, after + _DECLARATION)):
            if self._layout.sign(position) in (":=", "=") or self._layout.word(position) == "DEFAULT":
                self._hidden.append((position, until))
                return

    def _open(self, position: int) -> None:
        """The secret stands outside this level, or in the arguments that follow in it."""
        self._hidden.append((position, self._layout.call_end(position)))
        certain = self._is_sql or self._role_statement
        self.openness = Openness.ANYWHERE if certain else Openness.ARGUMENTS

    # -- hiding ---------------------------------------------------------------------------------------------

    def _hide_constants(self, but: set[int]) -> None:
        """Hide the constants in all ranges, but for those with an open clause, which hold it only in part."""
        reached = 0
        for start, end in sorted(self._hidden):
            for position in range(max(start, reached), min(end, len(self._tokens))):
                if position not in but and self._tokens[position].sort is Sort.STRING:
                    self._hide_token(self._tokens[position])
            reached = max(reached, end)

    def _hide_token(self, token: Token) -> None:
        if token.sort not in (Sort.STRING, Sort.QUOTED):
            self._hide(token.start, token.end)
            return
        start, end = (token.start + offset for offset in content(token))
        if token.text.endswith("\\'") and token.text[:1] not in "eE$":
            # in a connection string \' is a quote of the password itself
            end = max(token.end, _next_quote(self._text.text, token.end))
        self._hide(start, end)

    def _hide_unquoted(self, start: int, pattern: re.Pattern[str]) -> bool:
        """Hide a word, whatever the tokens in it, unless it stands for a value; say whether there is one to hide."""
        if start < self._hidden_up_to.get(pattern, 0):
            return True  # as a part of a longer word
        found = pattern.match(self._text.text, start)
        if found is None or _PLACEHOLDER.fullmatch(found[0]):
            return False
        self._hide(start, found.end())
        self._hidden_up_to[pattern] = found.end()
        return True

    def _hide_in_line(self, start: int) -> None:
        """Hide what stands between an open parenthesis and the last one that closes in its line."""
        text = self._text.text
        line = text.find("\n", start)
        end = len(text) if line < 0 else line
        closing = text.rfind(")", start, end)
        self._hide(start, end if closing < 0 else closing)

    def _hide(self, start: int, end: int) -> None:
        if self._text.text[start:end].strip("*"):
            self.spans.append((self._text.offsets[start], self._text.offsets[end]))


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Return where what a pattern finds at a position ends; the position itself where it finds nothing."""
    found = pattern.match(text, position)
    return position if found is None else found.end()


def _next_quote(text: str, position: int) -> int:
    found = _NEXT_QUOTE.search(text, position)
    return len(text) if found is None else found.start()
