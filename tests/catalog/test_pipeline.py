"""An interrupt of a pipeline stays an interrupt, and what the server works on ends."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
import pytest

from pgmg.catalog.reading.catalog_queries import pipeline
from pgmg.catalog.sessions import pipeline as pipelines
from pgmg.catalog.sessions.pipeline import Command, alone, stream


class Ending:
    """A connection whose pipeline cannot end properly, because of what comes meanwhile."""

    def __init__(self, *comes: type[BaseException]) -> None:
        self.comes = comes

    @contextmanager
    def pipeline(self):
        yield
        try:
            try:
                if self.comes:
                    raise self.comes[0]
            finally:
                raise psycopg.InterfaceError("results are missing")
        finally:
            raise psycopg.OperationalError("cannot exit pipeline mode while busy")


def test_an_interrupt_stays_itself():
    with pytest.raises(KeyboardInterrupt) as caught, pipeline(Ending(KeyboardInterrupt)):
        pass
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("comes", [(), (ValueError,)])
def test_other_errors_stay_what_they_are(comes):
    with pytest.raises(psycopg.OperationalError, match="while busy"), pipeline(Ending(*comes)):
        pass


SLEEP = "SELECT pg_sleep(3600)"


class Refused:
    """A connection whose first requests to cancel are refused, as by a server that has no connection left."""

    def __init__(self, conn: psycopg.Connection, refusals: int) -> None:
        self._conn, self._refusals, self.asked = conn, refusals, 0

    def __getattr__(self, name):
        return getattr(self._conn, name)

    def cancel_safe(self, **options) -> None:
        self.asked += 1
        if self.asked <= self._refusals:
            raise psycopg.OperationalError("sorry, too many clients already")
        self._conn.cancel_safe(**options)


def interrupt(_silence: float) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("refusals", [0, 3])
@pytest.mark.parametrize("start", [alone, lambda conn, sql, tick: list(stream(conn, [Command(sql)], tick))])
def test_the_server_is_asked_to_cancel_until_it_hears(database, start, refusals):
    with psycopg.connect(database, autocommit=True) as real:
        conn = Refused(real, refusals)
        with pytest.raises(KeyboardInterrupt):
            start(conn, SLEEP, interrupt)
        assert conn.asked > refusals
        assert real.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_does_not_hear_loses_the_connection(database, monkeypatch):
    """The interrupt gets through all the same."""
    monkeypatch.setattr(pipelines, "_GIVES_UP", 0.5)
    with psycopg.connect(database, autocommit=True) as real, psycopg.connect(database, autocommit=True) as other:
        conn = Refused(real, 10_000)
        pid = real.info.backend_pid
        with pytest.raises(KeyboardInterrupt):
            list(stream(conn, [Command(SLEEP)], interrupt))
        assert conn.asked > 1
        assert real.closed
        assert other.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (True,)


def test_a_machine_that_was_suspended_asks_again(database, monkeypatch):
    """Its clock says that the time is over, though the server has been asked a few times only."""
    monkeypatch.setattr(pipelines, "_GIVES_UP", -1.0)
    with psycopg.connect(database, autocommit=True) as real:
        conn = Refused(real, 3)
        with pytest.raises(KeyboardInterrupt):
            list(stream(conn, [Command(SLEEP)], interrupt))
        assert conn.asked == 4
        assert real.execute("SELECT 1").fetchone() == (1,)
