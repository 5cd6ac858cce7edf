"""Understands SET, RESET and `SELECT set_config(…)`: what is in force for the statements that follow (rule 1.4)."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.quoting import literal
from pgmg.source.grammar.lexer import significant
from pgmg.source.grammar.parser import Tree, pb
from pgmg.source.refused_statements import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.source.grammar.statements import ParsedStatement

_NOISE = frozenset(
    {"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"}
    | {"idle_session_timeout", "client_encoding", "client_min_messages", "row_security"}
    | {"xmloption", "default_with_oids"}
)
"""What pg_dump sets for its own sake. It does not change what a declaration means, and would get in pgmg's way."""

CHECKS_BODIES = "check_function_bodies"
BODIES_UNCHECKED = f"SET {CHECKS_BODIES} = off"
"""Bodies of the routines that follow may name what does not exist, or is not found yet."""
_OFF = frozenset({"off", "false", "no", "0"})

_USUAL = {"standard_conforming_strings": "on", "default_tablespace": "", "default_table_access_method": "heap"}
"""What pg_dump sets to what it is anyway."""

_BACK = frozenset({pb.VAR_RESET, pb.VAR_SET_DEFAULT})


def is_setting(statement: ParsedStatement) -> bool:
    """Tell whether a statement only sets something."""
    return statement.node == "variable_set_stmt" or set_config(statement) is not None


@dataclass(slots=True)
class SetStatements:
    """The settings of a file so far: by name, the statement that makes each.

    `after` has, by name, what a setting returns to when the transaction of its SET LOCAL ends.
    """

    values: dict[str, str] = field(default_factory=dict)
    search_path: tuple[str, ...] | None = None
    after: dict[str, tuple[str | None, tuple[str, ...] | None]] = field(default_factory=dict)

    def take(self, statement: ParsedStatement) -> None:
        """Take a SET, RESET or set_config into account.

        Raises:
            RefusedStatement: it sets no setting (`SET TRANSACTION`).
        """
        tree = statement.tree
        self._note(statement)
        if (said := set_config(statement)) is not None:
            name, value = said
            values = _schemas(value) if name == "search_path" else (value,)
            spelled = ", ".join(literal(each).strip() for each in values) or "''"
            self._set(name, f"SET {name} = {spelled}", values)
        elif tree.kind == pb.VAR_SET_MULTI:
            raise refuse(statement)
        elif tree.kind == pb.VAR_RESET_ALL:
            self.values.clear()
            self.search_path = None
        elif tree.kind in _BACK:
            self.values.pop(tree.name, None)
            if tree.name == "search_path":
                self.search_path = None
        else:
            self._set(tree.name, statement.sql, list(map(_value, tree.args)))

    def end_transaction(self) -> None:
        """Undo each SET LOCAL (PostgreSQL: SET)."""
        for name, (value, search_path) in self.after.items():
            if value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = value
            if name == "search_path":
                self.search_path = search_path
        self.after.clear()

    def _note(self, statement: ParsedStatement) -> None:
        """Note what a SET LOCAL hides; any other SET of the name lasts longer than the transaction."""
        said = set_config(statement)
        name = said[0] if said is not None else statement.tree.name
        if _is_local(statement):
            self.after.setdefault(name, (self.values.get(name), self.search_path))
        elif said is None and statement.tree.kind == pb.VAR_RESET_ALL:
            self.after.clear()
        else:
            self.after.pop(name, None)

    def _set(self, name: str, sql: str, values: Sequence[str]) -> None:
        if name == "search_path":
            self.search_path = tuple(v for v in values if v not in ("", "pg_catalog", "pg_temp", "$user"))
        if name == CHECKS_BODIES:
            self.values.pop(name, None)
            if values[0].lower() in _OFF:
                self.values[name] = BODIES_UNCHECKED
        elif name not in _NOISE and _USUAL.get(name) != ",".join(values):
            self.values[name] = sql


def set_config(statement: ParsedStatement) -> tuple[str, str] | None:
    """Return name and value of what pg_dump sets: `SELECT pg_catalog.set_config('search_path', '', false)`."""
    if statement.node != "select_stmt" or len(statement.tree.target_list) != 1:
        return None
    value = statement.tree.target_list[0].res_target.val
    if not value.HasField("func_call") or value.func_call.funcname[-1].string.sval != "set_config":
        return None
    said = [node.a_const.sval.sval for node in value.func_call.args[:2] if node.a_const.HasField("sval")]
    return (said[0].lower(), said[1]) if len(said) == 2 else None  # noqa: PLR2004 - name and value


def _value(node: Tree) -> str:
    constant = node.a_const
    return str(constant.ival.ival) if constant.HasField("ival") else str(constant.sval.sval)


def _is_local(statement: ParsedStatement) -> bool:
    """Tell whether a setting ends with its transaction: `SET LOCAL`, `set_config(…, true)`."""
    if statement.node == "variable_set_stmt":
        return bool(statement.tree.is_local)
    last = statement.tree.target_list[0].res_target.val.func_call.args[-1]
    return bool(last.a_const.boolval.boolval)


def _schemas(value: str) -> tuple[str, ...]:
    """Split the value of search_path."""
    return tuple(name for token in significant(value) if (name := token.identifier) is not None)
