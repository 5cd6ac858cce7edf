"""Tells errors that a PL/pgSQL body is prepared for: it looks first, handles them, or sets its own search_path.

A body that asks for the server's version may name what only other versions have.

The server reads a query of PL/pgSQL when it is first executed, so that a body may decide whether it comes to that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.checking.body_problems import named_in
from pgmg.source.grammar.lexer import Sort, significant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pgmg.model.plans.body_check import ServerSaid

_CONDITIONS = {
    "undefined_table": "42P01",
    "undefined_column": "42703",
    "undefined_function": "42883",
    "undefined_object": "42704",
    "invalid_schema_name": "3F000",
}
"""PostgreSQL's names of errors about what is not there (Appendix A)."""
_LOOKS = frozenset(
    {"to_regclass", "to_regproc", "to_regprocedure", "to_regtype", "to_regnamespace", "information_schema"}
    | {"pg_class", "pg_tables", "pg_views", "pg_matviews", "pg_attribute", "pg_proc", "pg_type", "pg_namespace"}
)
"""Ways to ask whether something is there."""
_WORD = re.compile(r"[\w$]+")
_QUALIFIER = re.compile(r'(?:relation|type) "([^".]+)\.|(?:function|procedure|type) ([^\s".(]+)\.|schema "([^"]+)"')
"""The schema of what an error misses."""
_TEMPORARY = re.compile(
    r"\btemp(?:orary)?\s+(?:table\s+)?(?:if\s+not\s+exists\s+)?(?:pg_temp\s*\.\s*)?(\"[^\"]+\"|[\w$]+)", re.IGNORECASE
)
"""CREATE TEMPORARY TABLE and SELECT INTO TEMPORARY, in statements and in strings."""
_NO_RELATION = "42P01"
_VERSION = "server_version_num"
_SYSTEM = "pg_"
"""The prefix of the names of the server's own objects."""


def is_prepared_for(body: str, said: ServerSaid, schemas: Collection[str] | None = None) -> bool:
    """Say whether a body expects that the name in an error may mean nothing.

    It does if it sets search_path itself, handles this very error, asks for the server's version before it uses
    something of the server's, or asks for the name, as a string constant, in one of the catalogs. A name in a schema
    that is none of `schemas`, those that exist, is asked for with that schema too. An error without SQLSTATE was found
    in the text.
    """
    if said.sqlstate and said.sqlstate not in _CONDITIONS.values():
        return False
    found = list(significant(body))
    words = {word.lower() for token in found for word in _WORD.findall(token.text)}
    if "search_path" in words or said.sqlstate in _handled(body):
        return True
    if _VERSION in words and _is_about_the_server(body, said):
        return True
    if not words & _LOOKS:
        return False
    texts = (token.text for token in found if token.sort is Sort.STRING)
    asked = {word.lower() for text in texts for word in _WORD.findall(text)}
    names = {word.lower() for name in named_in(said.message) for word in _WORD.findall(name)}
    if schemas is not None:
        found_schemas = {schema for groups in _QUALIFIER.findall(said.message) for schema in groups if schema}
        names.update(schema.lower() for schema in found_schemas - set(schemas))
    return bool(names & asked)


def _is_about_the_server(body: str, said: ServerSaid) -> bool:
    """Say whether an error is about something of the server's: by its name, or by what its statement names."""
    if any(name.startswith(_SYSTEM) for name in named_in(said.message)):
        return True
    if said.sqlstate == _NO_RELATION:
        return False
    before, after = body[: said.offset], body[said.offset :]
    statement = before[before.rfind(";") + 1 :] + after[: after.find(";") + 1 or None]
    return any(token.text.lower().startswith(_SYSTEM) for token in significant(statement) if token.sort is Sort.WORD)


def temporary_relations(bodies: Iterable[str]) -> frozenset[str]:
    """Return the names of temporary tables that bodies create: the routines that these call may use them."""
    found = (name for body in bodies for name in _TEMPORARY.findall(body))
    return frozenset(name.strip('"') if name.startswith('"') else name.lower() for name in found)


def is_temporary(said: ServerSaid, temporary: Collection[str]) -> bool:
    """Say whether an error is about a missing relation that some routine creates as a temporary one."""
    return said.sqlstate == _NO_RELATION and any(name in temporary for name in named_in(said.message))


def _handled(body: str) -> frozenset[str]:
    """Return the SQLSTATEs that a body has handlers for; WHEN OTHERS is for what nobody expects."""
    lowered = body.lower()
    found = {state for name, state in _CONDITIONS.items() if re.search(rf"\b(when|or)\s+{name}\b", lowered)}
    found |= {state.upper() for state in re.findall(r"\b(?:when|or)\s+sqlstate\s+'(\w{5})'", lowered)}
    return frozenset(found)
