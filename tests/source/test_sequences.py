"""Sequences that come with columns, and names under a search_path that a migration sets."""

import pytest

from pgmg.errors import SourceErrors
from pgmg.source import parse_code
from pgmg.source.migrations.sequences import sequence_name
from tests.source.reading import code, effects, needs


@pytest.mark.parametrize(
    ("table", "column", "name"),
    [
        ("t", "id", "t_id_seq"),
        ("a" * 40, "b" * 40, "a" * 29 + "_" + "b" * 29 + "_seq"),
        ("ä" * 25, "b" * 30, "ä" * 14 + "_" + "b" * 29 + "_seq"),
        ("t", "c" * 63, "t_" + "c" * 57 + "_seq"),
    ],
)
def test_a_long_name_is_shortened_as_the_server_does(table, column, name):
    assert sequence_name(table, column) == name


def test_serial_and_identity_columns_bring_a_sequence():
    sql = 'CREATE TABLE app.t (a serial, "B" bigint GENERATED ALWAYS AS IDENTITY, c int); ALTER TABLE u ADD d bigserial'
    assert [effect for effect in effects(sql) if "sequence" in effect] == [
        "create sequence app.t_a_seq",
        "create sequence app.t_B_seq",
        "create sequence u_d_seq",
    ]


def test_under_one_schema_every_name_is_known():
    sql = "SET search_path = app; CREATE TABLE t (a kind); ALTER TABLE u DROP b; CREATE CAST (a AS b) WITHOUT FUNCTION"
    assert effects(sql) == ["create table app.t", "drop_column table app.u.b", "create cast (a, b)"]
    assert "type app.kind" in needs(sql)


def test_under_several_schemas_only_what_is_made_is_known():
    sql = (
        "SET search_path = app, public; CREATE TABLE n (a int); ALTER TABLE u DROP b;"
        "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()"
    )
    assert effects(sql) == [
        "create table app.n",
        "drop_column table u.b",
        "create trigger x on table t",
        "touch table t",
    ]
    assert needs(sql) == ["relation t", "routine f()"]


def test_problems_of_all_files_come_together_with_those_of_reading():
    known = code("CREATE VIEW v AS SELECT 1")
    assert len(known) == 1
    broken = SourceErrors(())
    with pytest.raises(SourceErrors) as caught:
        parse_code([], problems=[broken])
    assert caught.value.problems == (broken,)
