"""How every transaction of a project begins: the settings and the role that its configuration names."""

from __future__ import annotations

from psycopg import sql

from pgmg.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SessionManner:
    """`settings` and `role` are set at the beginning of each transaction, and for no longer than that.

    `own_session` says that a pooler, if there is one, gives each client a server process of its own.
    """

    role: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    own_session: bool = False

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements that set them for a transaction; the role comes last, as it may not set everything."""
        return self._statements("true", with_role=True)

    @property
    def setting_statements(self) -> tuple[str, ...]:
        """The statements that set the settings alone for a transaction."""
        return self._statements("true", with_role=False)

    @property
    def session_statements(self) -> tuple[str, ...]:
        """The statements that set them for a session."""
        return self._statements("false", with_role=True)

    def _statements(self, local: str, *, with_role: bool) -> tuple[str, ...]:
        chosen = [*self.settings, *((("role", self.role),) if with_role and self.role is not None else ())]
        return tuple(
            f"SELECT pg_catalog.set_config({_literal(name)}, {_literal(value)}, {local})" for name, value in chosen
        )


PLAIN = SessionManner()
"""Nothing is configured."""


def _literal(text: str) -> str:
    return sql.Literal(text).as_string(None)
