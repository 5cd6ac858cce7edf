"""Sets by hand all that can be set on every kind, has everything recreated, and compares the catalogs' rows."""

from __future__ import annotations

import re

import psycopg
import pytest

from tests.survival import settings, zoo
from tests.survival.catalog_rows import catalog_rows, differences, unknown

_PASSED_OVER = ("keep_state.",)
"""Schemas of pgmg's own."""


def test_every_column_of_the_catalogs_is_known(server):
    """A new version's new column fails here until somebody has decided how a recreation is to treat it."""
    assert unknown(server.admin) == []


def _build(project, *, declared: bool, major: int) -> None:
    """Apply tables and what is declared; the other exhibits are made by hand."""
    (project.root / "pgmg.toml").write_text(
        'migrations_dir = "migrations"\ncode_dir = "sql"\nstate_schema = "keep_state"\n'
    )
    project.do("CREATE SCHEMA keep_state")
    project.write("migrations/001.sql", zoo.TABLES)
    _write_roots(project, zoo.BEFORE)
    here = [one for one in zoo.EXHIBITS if one.since <= major and not (declared and one.of)]
    by_hand = [one for one in here if not (declared and one.declarable)]
    for one in here:
        if one not in by_hand:
            project.write(f"sql/{one.name}.sql", one.sql)
    project.apply()
    with psycopg.connect(project.dsn, autocommit=True) as conn:
        conn.execute("CREATE ACCESS METHOD keep_heap TYPE TABLE HANDLER heap_tableam_handler")
        for one in by_hand:
            conn.execute(one.sql)
        # materialized views are filled with their owner's rights
        conn.execute(
            "GRANT CREATE ON SCHEMA public TO keep_owner; GRANT SELECT ON ALL TABLES IN SCHEMA public TO keep_owner"
        )


def _write_roots(project, values) -> None:
    for name, text in zoo.ROOTS.items():
        project.write(f"sql/roots/{name}.sql", text.replace("'{}'", "'{{}}'").format(**values))


def _unexpected(before, after, meant=zoo.MEANT) -> list[str]:
    return [line for line in differences(before, after) if not any(re.match(one, line) for one in meant)]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(settings.ROUNDS))
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "by hand"])
def test_everything_that_was_set_by_hand_survives_a_recreation(project, server, roles, provider, declared, number):
    _build(project, declared=declared, major=server.major)
    labelled = provider(project.dsn)
    taken = settings.set_all(project.dsn, number, labelled)
    assert settings.expected(number, server.major, labelled) <= {about for _, about in taken.done}
    before = catalog_rows(project.dsn, *_PASSED_OVER)
    objects = _identifiers(project)
    # what a block does is not known before it ran: all is read again right before it is dropped
    project.write("migrations/002.sql", "DO $$ BEGIN PERFORM 1; END $$" if number else "SELECT 1")
    project.write("migrations/003.sql", zoo.RECREATING_MIGRATION)
    _write_roots(project, zoo.AFTER)
    project.apply()
    same = {name for name, _ in objects.items() & _identifiers(project).items()}
    assert {name for name in same if not any(re.match(one, name) for one in zoo.NOT_RECREATED)} == set()
    left = _unexpected(before, catalog_rows(project.dsn, *_PASSED_OVER))
    assert not left, "\n".join(["", *left])
    project.settled()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(settings.ROUNDS))
def test_everything_that_was_set_by_hand_survives_a_change_in_place(project, server, roles, provider, number):
    """CREATE OR REPLACE takes more away than people think: states of triggers, DEPENDS ON EXTENSION, options."""
    _build(project, declared=True, major=server.major)
    settings.set_all(project.dsn, number, provider(project.dsn))
    before, objects = catalog_rows(project.dsn, *_PASSED_OVER), _identifiers(project)
    for name, (old, new) in zoo.EDITS.items():
        (exhibit,) = (one for one in zoo.EXHIBITS if one.name == name)
        assert old in exhibit.sql
        project.write(f"sql/{name}.sql", exhibit.sql.replace(old, new))
    project.apply()
    assert _identifiers(project) == objects
    left = _unexpected(before, catalog_rows(project.dsn, *_PASSED_OVER), zoo.MEANT_BY_EDITS)
    assert not left, "\n".join(["", *left])
    project.settled()


def _identifiers(project) -> dict[str, int]:
    """Return the OID of every object that may have been recreated, by its type and identity."""
    return {f"{type_} {identity}": oid for type_, identity, _, oid, *_ in project.rows(settings.OBJECTS)}
