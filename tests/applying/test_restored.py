"""A database that was dumped and restored is what was dumped: nothing has drifted, and nothing is made again."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests import oracle

CODE = {
    "chosen": "CREATE VIEW chosen AS SELECT id FROM items WHERE state IN ('new', 'it''s, (ARRAY[', E'a\\\\b');",
    "others": "CREATE VIEW others AS SELECT id, f IN (1, id) AS x FROM items WHERE state NOT IN ('a', note, lower(note));",
    "kept": "CREATE MATERIALIZED VIEW kept AS SELECT id FROM chosen WHERE id = ANY (ARRAY[1, 2]);",
    "items_open": "CREATE INDEX items_open ON items (id) WHERE state IN ('new', 'old');",
    "seen": "CREATE POLICY seen ON items USING (state IN ('new', CURRENT_USER) AND (id = 1 AND (id = 2 OR f = 3)));",
    "short": "CREATE DOMAIN short AS varchar(5) CHECK (VALUE IN ('a', 'b'));",
    "touch": "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;",
    "touched": (
        "CREATE TRIGGER touched BEFORE UPDATE ON items FOR EACH ROW"
        " WHEN (new.state IN ('new', 'old')) EXECUTE FUNCTION touch();"
    ),
    "ruled": "CREATE RULE ruled AS ON INSERT TO chosen WHERE new.id IN (1, 2) DO INSTEAD NOTHING;",
    "said": "COMMENT ON VIEW chosen IS 'a (ARRAY[ and more';",
}


@pytest.fixture
def items(project):
    project.write(
        "migrations/001.sql", "CREATE TABLE items (id int, state varchar(9), note varchar, f float8, title varchar);"
    )
    for name, text in CODE.items():
        project.write(f"sql/{name}.sql", text)
    project.apply()
    return project


@pytest.fixture
def restored(items, server):
    """The connection string of a copy that pg_dump made."""
    text = oracle.pg_dump(items.dsn, "--inserts")
    dsn = server.create()
    with psycopg.connect(dsn, autocommit=True) as conn:
        known = {name for (name,) in conn.execute("SELECT name FROM pg_settings")}
        text = re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)
        text = re.sub(  # pg_dump may be newer than the server
            r"^SET (\w+) = .*$", lambda found: found[0] if found[1] in known else "", text, flags=re.MULTILINE
        )
        conn.execute(text.encode())
    yield dsn
    server.drop(dsn)


def test_a_restored_database_has_not_drifted(items, restored):
    with items.open(connection_string=restored) as copy:
        assert [(str(change.object), str(change.change)) for change in copy.plan().changes] == []
        copy.apply()
        assert copy.plan().rebaseline == ()


def test_what_was_changed_by_hand_is_still_seen_in_a_restored_database(items, restored):
    with psycopg.connect(restored, autocommit=True) as conn:
        conn.execute(
            "CREATE OR REPLACE VIEW others AS SELECT id, f IN (1) AS x FROM items WHERE state NOT IN ('a', 'b')"
        )
    with items.open(connection_string=restored) as copy:
        assert [(str(change.object), str(change.change)) for change in copy.plan().changes] == [
            ("view.others", "drifted")
        ]


def test_an_index_that_the_server_builds_again_has_not_drifted(items):
    items.write("sql/by_title.sql", "CREATE INDEX by_title ON items (title) WHERE state IN ('new', 'old');")
    items.apply()
    items.do("ALTER TABLE items ALTER title TYPE text")
    items.settled()
