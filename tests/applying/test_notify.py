"""The payload of `NOTIFY pgmg`: what was applied, and what that means for clients."""

from __future__ import annotations

import json

import psycopg
import pytest


@pytest.fixture
def heard(project):
    """Apply, and return the payload."""

    def go():
        with psycopg.connect(project.dsn, autocommit=True) as listener:
            listener.execute("LISTEN pgmg")
            project.apply()
            (told,) = listener.notifies(timeout=30, stop_after=1)
        return json.loads(told.payload)

    return go


def test_it_says_what_the_change_means_for_clients(project, heard):
    project.write("migrations/001.sql", "CREATE TABLE t (a integer, b integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT a, b FROM t;")
    assert heard() == {"migrations": ["001.sql"], "objects": ["view.v"], "compatibility": "safe", "clients": {}}
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT a FROM t;")
    project.write("migrations/002.sql", "ALTER TABLE t ADD COLUMN c integer;")
    found = heard()
    assert (found["compatibility"], found["clients"]) == ("breaking", {"table.t": "transient", "view.v": "breaking"})
