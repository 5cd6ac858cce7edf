"""Reads the SQL that pg_dump and pg_restore write, without what they need for themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.source.grammar.lexer import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWNER = re.compile(r"ALTER [A-Z ]+ .* OWNER TO (\"(?:[^\"]|\"\")+\"|\S+)\Z", re.DOTALL)
_SETTING = re.compile(r"SET (\w+) = (.*)\Z", re.DOTALL)
_PATH = re.compile(r"SELECT pg_catalog\.set_config\('search_path', '', false\)\Z")
_SESSION = frozenset(
    {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"}
    | {"client_encoding", "standard_conforming_strings", "xmloption", "client_min_messages", "row_security"}
)
"""Settings of pg_dump's own session: they change nothing of what is created."""
_NOT_NULL = re.compile(r" CONSTRAINT (?:\w+|\"[^\"]+\") NOT NULL")
_USUAL = {"default_tablespace": "''", "default_table_access_method": "heap"}


@dataclass(frozen=True, slots=True)
class DumpedStatement:
    """A statement; `owner` is the role that it makes an owner."""

    sql: str
    owner: str | None = None

    @property
    def is_short(self) -> bool:
        """Whether it is a line that says something about an object: no blank line is needed between such."""
        return "\n" not in self.sql and self.sql.startswith(("COMMENT ", "GRANT ", "REVOKE ", "SET ", "ALTER "))


def dumped_statements(text: str) -> Iterator[DumpedStatement]:
    """Yield the statements of a dump; names in it are qualified, so no search_path is needed.

    `check_function_bodies` stays where functions are created: bodies may mention what comes later.
    """
    found = [text[piece.start : piece.end] for piece in pieces(text) if not piece.meta]
    creates_routines = any(sql.startswith(("CREATE FUNCTION", "CREATE PROCEDURE")) for sql in found)
    usual = dict(_USUAL)
    for sql in found:
        if _PATH.match(sql):
            continue
        if setting := _SETTING.match(sql):
            name, value = setting.groups()
            if name in _SESSION or usual.get(name) == value:
                continue
            if name == "check_function_bodies" and not creates_routines:
                continue
            if name in _USUAL:
                usual[name] = value
        owner = _OWNER.match(sql)
        yield DumpedStatement(sql, None if owner is None else _unquoted(owner.group(1)))


def _unquoted(role: str) -> str:
    return role[1:-1].replace('""', '"') if role.startswith('"') else role


def comparable_statements(text: str, user: str) -> Iterator[str]:
    """Yield the statements of a dump as two databases share them where they hold the same.

    Owners are left out where they are `user`. The names that PostgreSQL makes up for NOT NULL constraints tell how a
    column came about.
    """
    for one in dumped_statements(text):
        if one.owner != user:
            yield _NOT_NULL.sub(" NOT NULL", one.sql) if one.sql.startswith("CREATE TABLE ") else one.sql
