"""Opens connections; every failure becomes an error that holds no password (rule 11.3)."""

from __future__ import annotations

import logging
import re
import selectors
from contextlib import contextmanager, nullcontext, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import conninfo
from psycopg.pq import ConnStatus

from pgmg.catalog.reading.catalog_queries import Row, query, read_only, with_literals
from pgmg.catalog.sessions.blockers import UNKNOWN, lock_holders
from pgmg.catalog.sessions.libpq_environment import without_libpq_variables
from pgmg.catalog.sessions.pipeline import answers
from pgmg.catalog.sessions.session_manner import PLAIN, SessionManner
from pgmg.errors import ConnectionFailedError, InsufficientPrivilegeError, LockedError, PlanError
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA, OWN_TABLES
from pgmg.model.secrets import mask_secrets, secrets_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PROTOCOL_VIOLATION = "08P01"
STATEMENT_POOLING = (
    "pgmg needs transactions, and a pooler in statement mode lets none through: use one in transaction or session "
    "mode, or the server itself."
)
COMMIT_MARKER = "commit_marker"
"""The query that goes out with BEGIN of each reading transaction."""

_LARGEST_PROCESS = 4_194_304
"""No system has a larger process number: one that is was made up by a pooler."""

_POOL_PATIENCE = 10.0
"""Seconds in which a pooler has to find a server connection."""

_NEVER_UNASKED = 1_000_000_000

# where nobody has configured logging, psycopg's warnings about an interrupted pipeline would reach the terminal
logging.getLogger("psycopg").addHandler(logging.NullHandler())

Connection = psycopg.Connection[tuple[Any, ...]]
"""A connection whose rows are plain tuples."""


class _ServerConnection(psycopg.Connection[tuple[Any, ...]]):
    """Remembers which server process did the last transaction that asked for it, and how transactions begin.

    `begin_answers` are the rows of the queries that went out with BEGIN, by name, while that transaction is open.
    `last_snapshot` is the snapshot of the last commit marker among them.
    """

    server_process: int | None = None
    manner: SessionManner = PLAIN
    begin_answers: Mapping[str, Sequence[Row]] = MappingProxyType({})
    last_snapshot: str | None = None


def note_server_process(conn: psycopg.Connection[Any], pid: int) -> None:
    """Remember the server process of the open transaction, as `pg_backend_pid()` says it."""
    if isinstance(conn, _ServerConnection):
        conn.server_process = pid


def begin_answer(conn: psycopg.Connection[Any], name: str) -> Sequence[Row] | None:
    """Return the rows of a query that went out with BEGIN of the open transaction, None if that query did not."""
    return conn.begin_answers.get(name) if isinstance(conn, _ServerConnection) else None


def server_pid(conn: psycopg.Connection[Any]) -> int:
    """Return the server process that works for a connection: a pooler tells its clients numbers of its own."""
    known = conn.server_process if isinstance(conn, _ServerConnection) else None
    return conn.info.backend_pid if known is None else known


def is_pooled(conn: psycopg.Connection[Any]) -> bool:
    """Whether a pooler stands between: the server process is another one than the connection was told of."""
    return server_pid(conn) != conn.info.backend_pid


def is_shared(conn: psycopg.Connection[Any]) -> bool:
    """Whether others use the server process between two transactions: nothing may be set for the session then."""
    return is_pooled(conn) and not manner_of(conn).own_session


def manner_of(conn: psycopg.Connection[Any]) -> SessionManner:
    """Return how the transactions of a connection begin."""
    return conn.manner if isinstance(conn, _ServerConnection) else PLAIN


def connect(dsn: str, manner: SessionManner = PLAIN, *, is_complete: bool = False) -> Connection:
    """Connect to `dsn` (URI or key words; what it leaves out libpq finds, unless it `is_complete`).

    `manner` is how its transactions begin.

    The connection is in autocommit mode, so that every transaction is written down where it happens; parameters are
    `$1`; nothing is ever prepared on the server (rule 9.6).

    Raises:
        ConnectionFailedError: no server, wrong password, unknown database, unreadable connection string.
    """
    try:
        with without_libpq_variables() if is_complete else nullcontext():
            conn = _ServerConnection.connect(
                dsn,
                autocommit=True,
                prepare_threshold=None,
                cursor_factory=psycopg.RawCursor,
                **_defaults(dsn),
            )
    except psycopg.ProgrammingError as error:
        message = f"The connection string cannot be read: {_without_secrets(str(error), dsn)}"
        raise ConnectionFailedError(message, hint="It is a postgresql:// URI or key=value words.") from None
    except psycopg.OperationalError as error:
        message = f"Cannot connect to {describe(dsn)}: {_without_secrets(str(error).strip(), dsn)}"
        raise ConnectionFailedError(message, hint=_advice(str(error))) from None
    except UnicodeError:
        message = "Cannot connect: the connection string is not valid text"
        raise ConnectionFailedError(message) from None
    conn.manner = manner
    if not 0 < conn.info.backend_pid <= _LARGEST_PROCESS and not answers(conn, _POOL_PATIENCE):
        conn.close()
        raise ConnectionFailedError(
            f"The pooler has no server connection for us: nothing answered within {_POOL_PATIENCE:.0f} s.",
            hint="Is its pool in use by others, or too small? Two connections suffice for whatever pgmg does.",
        )
    return conn


def cancel(conn: Connection) -> None:
    """Ask the server to stop what it does for a connection; may be called from another thread.

    Where that fails there is nothing left to stop, or nobody to ask: whoever waits for the answer will hear of it.
    """
    with suppress(psycopg.Error):
        conn.cancel_safe(timeout=2.0)


def keep_plans(conn: Connection) -> None:
    """Let the server keep the plans of questions asked with `prepare=True`, where the session is ours alone.

    On all other connections these words mean nothing.
    """
    if conn.prepare_threshold is None and is_own_session(conn):
        conn.prepare_threshold = _NEVER_UNASKED


def forget_plans(conn: Connection) -> None:
    """Do without kept plans from now on: a migration that comes may discard them."""
    conn.prepare_threshold = None


def listen(conn: Connection, told: Callable[[], None]) -> None:
    """Call `told` when another session has applied something; never where the session is not ours alone.

    That happens while an answer is waited for. At other times, `has_heard` has to be asked.
    """

    def hear(notification: psycopg.Notify) -> None:
        if notification.pid != conn.info.backend_pid:
            told()

    if not is_own_session(conn):
        return
    conn.add_notify_handler(hear)
    with suppress(psycopg.Error):  # not on a standby
        conn.execute("LISTEN pgmg")


def is_own_session(conn: Connection) -> bool:
    """Say whether the server process is ours alone.

    Behind a pooler in transaction mode the next transaction may meet another one (rule 9.6). A pooler has process
    numbers of its own: only who speaks to the server itself was told the right one.
    """
    if not (isinstance(conn, _ServerConnection) and conn.server_process is not None):
        row = conn.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
        if row is not None:
            note_server_process(conn, row[0])
    return not is_pooled(conn)


def has_heard(conn: Connection) -> bool:
    """Say whether another session has applied something since the last time; asks nobody."""
    found = False
    while (notification := conn.pgconn.notifies()) is not None:
        found |= notification.be_pid != conn.info.backend_pid
    return found


def is_lost(conn: Connection) -> bool:
    """Say whether an idle connection has been closed by the other side; asks nobody."""
    if conn.closed:
        return True
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(conn.pgconn.socket, selectors.EVENT_READ)
            if selector.select(0):  # an idle server has nothing to say but farewell, or a notice
                conn.pgconn.consume_input()
    except (psycopg.Error, OSError, ValueError):
        conn.close()
        return True
    if conn.pgconn.status != ConnStatus.OK:
        conn.close()
        return True
    return False


@contextmanager
def reading(
    conn: Connection, search_path: str | None, lock_timeout: str, state_schema: str | None = None
) -> Iterator[Connection]:
    """Open one READ ONLY transaction; errors of the server inside become errors of pgmg.

    The commit marker is read with BEGIN, and so are the facts about the session if `state_schema` is given.

    Raises:
        LockedError: somebody keeps what has to be looked at locked for longer than `lock_timeout`.
        ConnectionFailedError: the connection was lost.
        InsufficientPrivilegeError: the role may not read what planning needs.
        UnansweredError: something else went wrong.
    """
    asked = {COMMIT_MARKER: _marker_query(conn)}
    if state_schema is not None:
        asked["server"] = with_literals(query("server"), state_schema, list(OWN_TABLES), ORIGINAL_SCHEMA)
    questions = ("SELECT pg_catalog.pg_backend_pid()", *asked.values())
    statements = manner_of(conn).statements
    with translated_errors(conn), read_only(conn, search_path, lock_timeout, statements, questions) as (pid, *rows):
        note_server_process(conn, pid[0][0])
        if isinstance(conn, _ServerConnection):
            conn.begin_answers = dict(zip(asked, rows, strict=True))
            conn.last_snapshot = next((row[4] for row in conn.begin_answers[COMMIT_MARKER]), None)
        try:
            yield conn
        finally:
            if isinstance(conn, _ServerConnection):
                conn.begin_answers = {}


def _marker_query(conn: Connection) -> str:
    """Ask for the commit marker, compared with the one before on this connection."""
    last = conn.last_snapshot if isinstance(conn, _ServerConnection) else None
    return query(COMMIT_MARKER) if last is None else with_literals(query("commit_marker_since"), last)


@contextmanager
def translated_errors(conn: Connection) -> Iterator[None]:
    """Within, what the server objects to becomes an error of ours: those that `reading` raises."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        said = error.diag.message_primary or "permission denied"
        hint = "The role needs to read pgmg's state tables; ask their owner for SELECT on them."
        raise InsufficientPrivilegeError(f"The database does not let us look: {said}.", hint=hint) from None
    except psycopg.errors.LockNotAvailable as error:
        raise _locked(conn, error) from None
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).strip()
        if conn.pgconn.status != ConnStatus.OK:
            cause = STATEMENT_POOLING if error.sqlstate == PROTOCOL_VIOLATION else None
            raise ConnectionFailedError(f"The connection was lost: {said}", hint=cause) from None
        raise UnansweredError(said, error.sqlstate) from None


def _locked(conn: Connection, error: psycopg.Error) -> LockedError:
    """Return the error to raise, with who may have the lock."""
    try:
        who = lock_holders(conn, (), readers=False)
    except psycopg.Error:
        who = None
    said = error.diag.message_primary or "a lock was not free"
    return LockedError(
        f"Something that planning has to look at is locked by {who or UNKNOWN}: {said}.",
        hint="Wait for that session or end it, then plan again; a longer lock_timeout waits longer.",
        sqlstate=error.sqlstate,
    )


class UnansweredError(PlanError):
    """The server did not answer a question of ours; `is_passing` where somebody was changing the schema just then."""

    def __init__(self, said: str, sqlstate: str | None) -> None:
        self.is_passing = (sqlstate or "")[:2] in ("XX", "40", "42", "3F", "2B")
        hint = "Another session may be changing the schema: try again." if self.is_passing else None
        super().__init__(f"The database could not be read: {said}", hint=hint)


def describe(dsn: str) -> str:
    """Name server, port, user and database of a connection string; never its password."""
    try:
        known = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "the server"
    host, port, user, name = (known.get(key) for key in ("host", "port", "user", "dbname"))
    where = str(host or "the default server")
    if host and port:  # of a socket the port is no part of the path; JupyterLab makes `data:5432` a link
        where += f" (port {port})" if str(host).startswith(("/", "@")) else f":{port}"
    return f"{where}{f' as {user}' if user else ''}{f', database {name}' if name else ''}"


def _defaults(dsn: str) -> dict[str, Any]:
    try:
        known = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return {}  # connect itself will say what is wrong
    chosen: dict[str, Any] = {"application_name": "pgmg", "connect_timeout": 10}
    # SQL goes out in UTF-8, whatever the connection string or PGCLIENTENCODING say
    return {key: value for key, value in chosen.items() if key not in known} | {"client_encoding": "UTF8"}


def _without_secrets(message: str, dsn: str) -> str:
    try:
        known = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # unreadable: any part of it may be the password, so nothing of it is repeated
        return re.sub(r'"[^"]*"', '"…"', message.replace(dsn, "…"))
    secrets = {str(known[key]) for key in ("password", "sslpassword") if known.get(key)}
    return mask_secrets(message, secrets_in(dsn) | secrets)


def _advice(message: str) -> str:
    match message.lower():
        case text if "password" in text or "authentication" in text:
            return "Check user and password; the password file, PGPASSWORD and ${NAME} in pgmg.toml all work."
        case text if "does not exist" in text:
            return "Create the database or role first, or correct the connection string."
        case _:
            return "Is the server running, and are host and port right? `embedded:` needs no server at all."
