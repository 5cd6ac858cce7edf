import pytest

from pgmg.source.migrations.sections import no_transaction, up_section
from tests.source.reading import migration

GOOSE = """-- +goose Up
CREATE TABLE a ();
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;
-- +goose StatementEnd
-- +goose Down
DROP FUNCTION f();
DROP TABLE a;
"""
DBMATE = """-- a word first
-- migrate:up transaction:false
CREATE TABLE a ();

-- migrate:down
DROP TABLE a;
"""


def statements(text):
    return [statement.sql for statement in migration(up_section(text)).statements]


def test_goose_runs_only_what_goes_up():
    made = ["CREATE TABLE a ()", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$"]
    assert statements(GOOSE) == made


def test_dbmate_runs_only_what_goes_up():
    assert statements(DBMATE) == ["CREATE TABLE a ()"]


@pytest.mark.parametrize("text", [GOOSE, DBMATE])
def test_lines_and_columns_stay_where_they_were(text):
    kept = up_section(text)
    assert [len(line) for line in kept.splitlines()] == [len(line) for line in text.splitlines()]


def test_sections_may_alternate_and_be_written_in_any_case():
    text = "-- +goose down\nSELECT 1;\n  --+GOOSE UP\nSELECT 2;\n-- +goose Down\nSELECT 3;\n-- +goose Up\nSELECT 4;\n"
    assert statements(text) == ["SELECT 2", "SELECT 4"]


def test_what_stands_before_the_first_mark_does_not_run():
    assert statements("SELECT 0;\n-- migrate:up\nSELECT 1;\n") == ["SELECT 1"]


def test_a_file_that_only_goes_down_does_nothing():
    assert statements("-- migrate:down\nDROP TABLE a;\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; -- +goose is not used here",
        "-- migrate: up the users first\nSELECT 1;",
        "-- migrate:upwards\nSELECT 1;",
        "-- we migrate:down from here\nSELECT 1;",
        "SELECT '\n+goose Down\n';",
    ],
)
def test_words_that_look_like_marks_are_none(text):
    assert up_section(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "-- pgmg: no-transaction\nSELECT 1",
        "--pgmg:no-transaction because of the index\nSELECT 1",
        "\n-- about\n\n-- PGMG: No-Transaction\nSELECT 1",
        "/* about\n   /* this */ */\n-- pgmg: no-transaction\nSELECT 1",
        "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1",
        "-- migrate:up transaction:false\nSELECT 1",
    ],
)
def test_the_first_comments_may_ask_for_no_transaction(text):
    assert no_transaction(text)
    assert migration(text).no_transaction


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;\n-- pgmg: no-transaction",
        "-- migrate:up transaction:true\nSELECT 1",
        "SELECT '-- pgmg: no-transaction'",
        "/*\n-- pgmg: no-transaction\n*/ SELECT 1",
        "-- pgmg: no-transactions\nSELECT 1",
        "",
    ],
)
def test_no_transaction_is_asked_for_nowhere_else(text):
    assert not no_transaction(text)
