"""Runs generated cases on databases of their own, one seed after the other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.truth import lineage, rewriting, rows
from tests.truth.outcome import Outcome


@contextmanager
def database(server) -> Iterator[str]:
    """Create a database; drop it afterwards."""
    dsn = server.create()
    try:
        yield dsn
    finally:
        server.drop(dsn)


def rewritten(server, seed: int, cases: int) -> Outcome:
    """Compare queries before and after pending definitions are put into them."""
    with database(server) as dsn, psycopg.connect(dsn) as conn:
        return rewriting.check(conn, seed, cases)


def compared(server, seed: int, cases: int) -> Outcome:
    """Compare what `diff --rows` says of a random project with what apply does; as many projects as it takes."""
    outcome = Outcome()
    while outcome.cases < cases:
        folder = Path(tempfile.mkdtemp())
        try:
            with database(server) as dsn, database(server) as other, psycopg.connect(other) as scratch:
                outcome.add(rows.check(folder, dsn, scratch, seed))
        finally:
            shutil.rmtree(folder)
        seed += 1
    return outcome


def followed(server, seed: int, cases: int) -> Outcome:
    """Compare the lineage of random chains of views with what changing values changes, and dropping columns drops."""
    outcome = Outcome()
    while outcome.cases < cases:
        with database(server) as dsn, database(server) as other, psycopg.connect(dsn) as conn:
            outcome.add(lineage.check(conn, dsn, other, seed))
        seed += 1
    return outcome


CHECKS = {"rewriting": rewritten, "rows": compared, "lineage": followed}
