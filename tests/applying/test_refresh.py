"""`pgmg refresh`: in dependency order, readable meanwhile where a unique index allows it."""

from __future__ import annotations

import threading

import psycopg
import pytest

import pgmg
from pgmg.errors import UnknownObjectError

FILES = {
    "migrations/001.sql": "CREATE TABLE sales (id integer PRIMARY KEY, amount integer);\nCREATE SCHEMA app;",
    "sql/zz.sql": "CREATE MATERIALIZED VIEW zz AS SELECT id, amount FROM sales;\nCREATE UNIQUE INDEX zz_id ON zz (id);",
    "sql/middle.sql": "CREATE VIEW middle AS SELECT sum(amount) AS amount FROM zz;",
    "sql/aa.sql": "CREATE MATERIALIZED VIEW app.aa AS SELECT amount FROM middle;",
    "sql/unfilled.sql": "CREATE MATERIALIZED VIEW unfilled AS SELECT id FROM sales WITH NO DATA;\n"
    "CREATE UNIQUE INDEX unfilled_id ON unfilled (id);",
    "sql/partial.sql": "CREATE MATERIALIZED VIEW partial AS SELECT id FROM sales;\n"
    "CREATE UNIQUE INDEX partial_id ON partial (id) WHERE id > 0;\nCREATE UNIQUE INDEX partial_up ON partial ((id + 1));",
}


@pytest.fixture
def shop(project):
    for path, text in FILES.items():
        project.write(path, text)
    project.apply()
    project.do("INSERT INTO sales VALUES (1, 10), (2, 20)")
    return project


def refreshed(project, *names, **options):
    with project.open() as opened:
        return [(one.object.display_name, one.concurrently) for one in opened.refresh(names, **options)]


def test_all_are_refreshed_each_after_those_that_it_reads(shop):
    """Through ordinary views and schemas as well; a view without data gets some."""
    done = refreshed(shop)
    assert sorted(done) == [("app.aa", False), ("partial", False), ("unfilled", False), ("zz", False)]
    assert done.index(("zz", False)) < done.index(("app.aa", False))
    assert shop.rows("SELECT amount FROM app.aa") == [(30,)]
    assert shop.value("SELECT count(*) FROM unfilled") == 2
    shop.settled()


def test_concurrently_where_the_server_allows_it(shop):
    """Not without data, nor with a unique index on expressions or on some rows alone."""
    done = dict(refreshed(shop, concurrently=True))
    assert done == {"app.aa": False, "partial": False, "unfilled": False, "zz": True}
    assert dict(refreshed(shop, concurrently=True))["unfilled"] is True
    assert shop.rows("SELECT amount FROM app.aa") == [(30,)]


@pytest.mark.parametrize("name", ["zz", "public.zz", "materialized_view.zz"])
def test_one_is_refreshed_by_its_name(shop, name):
    assert refreshed(shop, name) == [("zz", False)]
    assert shop.rows("SELECT amount FROM app.aa") == [(None,)]


@pytest.mark.parametrize("name", ["zzz", "middle", "sales"])
def test_what_is_no_materialized_view_is_refused(shop, name):
    with shop.open() as opened, pytest.raises(UnknownObjectError, match=name):
        opened.refresh([name])


def test_readers_go_on_while_it_is_refreshed_concurrently(shop):
    """A reader that has the view open is no obstacle; without --concurrently it is one, and is named."""
    refreshed(shop)
    with psycopg.connect(shop.dsn, application_name="dashboard") as reader:
        reader.execute("SELECT count(*) FROM zz")
        shop.do("INSERT INTO sales VALUES (3, 30)")
        with shop.open(lock_timeout="100ms") as opened, pytest.raises(pgmg.LockedError, match="dashboard"):
            opened.refresh(["zz"])
        assert refreshed(shop, "zz", concurrently=True) == [("zz", True)]
        assert reader.execute("SELECT count(*) FROM zz").fetchone() == (3,)


def test_a_loop_of_readers_waits_for_nothing(shop):
    """While it is refreshed again and again, each read under a short lock timeout succeeds."""
    refreshed(shop)
    ended, failures, read = threading.Event(), [], []

    def reader():
        with psycopg.connect(shop.dsn, autocommit=True, options="-c lock_timeout=20ms") as conn:
            while not ended.is_set():
                try:
                    read.append(conn.execute("SELECT count(*) FROM zz").fetchone())
                except psycopg.Error as error:
                    failures.append(error)

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for _ in range(5):
            refreshed(shop, "zz", concurrently=True)
    finally:
        ended.set()
        thread.join()
    assert failures == []
    assert read
