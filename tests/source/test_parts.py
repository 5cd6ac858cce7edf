"""Migrations in parts: each statement that has to run on its own does, under the settings of those before it."""

from __future__ import annotations

import pytest

from pgmg.source.migrations.split import needs_of_each, parts
from tests.source.reading import migration


def pieces(sql, *lines):
    """The parts of a migration whose statements begin at the start of lines: name and what is sent."""
    found = parts(migration(sql), {(line, 1) for line in lines})
    return [(piece.name, [statement.sql for statement in piece.statements]) for piece in found]


THREE = "CREATE TABLE a (id integer);\nINSERT INTO a SELECT id FROM v;\nALTER TABLE t DROP COLUMN id;"


def test_a_statement_in_the_middle_stands_alone():
    assert pieces(THREE, 2) == [
        ("001_first.sql:1", ["CREATE TABLE a (id integer)"]),
        ("001_first.sql:2", ["INSERT INTO a SELECT id FROM v"]),
        ("001_first.sql:3", ["ALTER TABLE t DROP COLUMN id"]),
    ]


def test_neighbours_that_need_not_stand_alone_stay_together():
    assert [name for name, _ in pieces(THREE, 1)] == ["001_first.sql:1", "001_first.sql:2"]
    assert [name for name, _ in pieces(THREE, 1, 2)] == ["001_first.sql:1", "001_first.sql:2", "001_first.sql:3"]


@pytest.mark.parametrize("lines", [(), (7,)])
def test_a_migration_without_such_a_statement_stays_whole(lines):
    assert [name for name, _ in pieces(THREE, *lines)] == ["001_first.sql"]
    assert [name for name, _ in pieces("DROP TABLE t;", 1)] == ["001_first.sql"]


def test_only_the_last_part_has_run_the_migration():
    found = parts(migration(THREE), {(2, 1)})
    assert [(piece.file_name, piece.is_last) for piece in found] == [
        ("001_first.sql", False),
        ("001_first.sql", False),
        ("001_first.sql", True),
    ]
    assert {piece.hash for piece in found} == {migration(THREE).hash}
    whole = migration(THREE)
    assert (whole.file_name, whole.is_last) == ("001_first.sql", True)


def test_what_was_set_is_set_again_in_later_parts():
    sql = "SET search_path = app;\nSELECT 1 FROM v;\nRESET search_path;\nSELECT 2 FROM v;"
    assert pieces(sql, 2, 4) == [
        ("001_first.sql:2", ["SET search_path = app", "SELECT 1 FROM v"]),
        ("001_first.sql:4", ["SET search_path = app", "RESET search_path", "SELECT 2 FROM v"]),
    ]


def test_the_transaction_is_set_only_once():
    sql = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nSELECT 1 FROM v;\nSELECT 2;"
    assert pieces(sql, 2) == [
        ("001_first.sql:1", ["SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"]),
        ("001_first.sql:2", ["SELECT 1 FROM v"]),
        ("001_first.sql:3", ["SELECT 2"]),
    ]


def test_an_outer_transaction_is_in_no_part():
    assert pieces("BEGIN;\nSELECT 1 FROM v;\nSELECT 2;\nCOMMIT;", 2) == [
        ("001_first.sql:2", ["SELECT 1 FROM v"]),
        ("001_first.sql:3", ["SELECT 2"]),
    ]


def test_inline_data_goes_with_its_statement():
    found = parts(migration("SELECT 1 FROM v;\nCOPY t FROM stdin;\n1\n\\.\n"), {(1, 1)})
    assert [statement.data for piece in found for statement in piece.statements] == [None, "1\n"]


def test_a_part_does_and_needs_what_its_statements_do_and_need():
    first, second, third = parts(migration(THREE), {(2, 1)})
    assert [(a.effect.value, a.target.parts) for a in first.alterations] == [("create", ("a",))]
    assert ("v",) in {reference.parts for reference in second.references}
    assert [(a.effect.value, a.member) for a in third.alterations] == [("drop_column", "id")]


def test_a_statement_does_not_need_what_one_before_it_makes():
    statements = migration("CREATE VIEW v AS SELECT 1 AS id;\nCREATE VIEW w AS SELECT id FROM v;").statements
    assert {r.parts for r in statements[1].references} == {("v",)}
    assert needs_of_each(statements) == [(), ()]


def test_names_under_a_path_of_several_schemas_are_found_out_later():
    found = migration("SET search_path TO app, public;\nALTER TABLE t ADD COLUMN x integer;\nSELECT 1 FROM v;")
    assert [(a.target.parts, a.settings) for a in found.alterations] == [
        (("t",), ("SET search_path TO app, public",)),
    ]
    assert {r.settings for r in found.references if r.parts == ("v",)} == {("SET search_path TO app, public",)}
