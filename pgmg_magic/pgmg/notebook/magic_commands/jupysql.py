"""Connects to the server that JupySQL uses in the same notebook."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT_FIRST = "Connect JupySQL first: %sql postgresql://…"


def connection_string() -> str:
    """Return the parameters of JupySQL's current connection as libpq's key=value words, the password included.

    The server, the database and the role are the same; the session is not.

    Raises:
        UsageError: JupySQL is not installed or has no connection, or it is one to another kind of database.
    """
    try:
        manager = importlib.import_module("sql.connection").ConnectionManager
    except (ImportError, AttributeError):
        raise UsageError("JupySQL is not installed", hint="pip install jupysql") from None
    current = manager.current
    if current is None:
        raise UsageError("JupySQL has no connection", hint=_CONNECT_FIRST)
    found = _of_driver(current) or _of_url(current)
    if not found:
        raise UsageError(f"JupySQL's connection is not one to PostgreSQL: {current.dialect}", hint=_CONNECT_FIRST)
    return " ".join(f"{key}={_quoted(str(value))}" for key, value in found.items() if value not in (None, ""))


def _of_driver(current: Any) -> dict[str, object]:
    """Return what the driver says of its connection, if it is one of psycopg or psycopg2."""
    if current.is_dbapi_connection:
        raw = getattr(current, "_connection", None)
    else:
        raw = getattr(current.connection_sqlalchemy.connection, "driver_connection", None)
    info = getattr(raw, "info", None)
    read = getattr(info, "get_parameters", None)
    parameters: Mapping[str, object] | None = read() if read is not None else getattr(info, "dsn_parameters", None)
    if info is None or parameters is None:
        return {}
    return {**parameters, "password": info.password}


def _of_url(current: Any) -> dict[str, object]:
    """Return what SQLAlchemy's URL says."""
    url = None if current.is_dbapi_connection else current.connection_sqlalchemy.engine.url
    if url is None or url.get_backend_name() != "postgresql":
        return {}
    return {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
        **{key: value if isinstance(value, str) else ",".join(value) for key, value in url.query.items()},
    }


def _quoted(value: str) -> str:
    """Quote a value as libpq reads it (PostgreSQL manual, 32.1.1.1)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
