"""The parser of `-- pgmg: require` and `-- pgmg: ensure` (rule 9.8)."""

from __future__ import annotations

import pytest

from pgmg.errors import SourceErrors
from pgmg.model.sources.source import MigrationFile, StatementKind
from pgmg.source import parse_migration


def read(text):
    return parse_migration(MigrationFile("001.sql", "migrations/001.sql", text, "hash"))


def refusal(text):
    with pytest.raises(SourceErrors) as caught:
        read(text)
    (problem,) = caught.value.problems
    return problem


def test_assertions_are_read_with_their_places():
    migration = read(
        "-- pgmg: require SELECT true\n/* pgmg: ensure\n   SELECT count(*) = 0\n   FROM é_t; */\nCREATE TABLE é_t (a integer);"
    )
    (required,), (ensured,) = migration.requires, migration.ensures
    assert (required.sql, required.position) == ("SELECT true", (1, 18))
    assert (ensured.sql, ensured.position) == ("SELECT count(*) = 0\n   FROM é_t", (3, 4))
    assert [r.parts for r in ensured.references if r.kind == "relation"] == [("é_t",)]
    assert [s.kind for s in migration.sent] == [StatementKind.ASSERTION, StatementKind.PLAIN]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "without a query"),
        ("SELECT true; SELECT true", "more than one"),
        ("DELETE FROM t RETURNING true", "another statement"),
        ("WITH gone AS (DELETE FROM t RETURNING 1) SELECT count(*) = 0 FROM gone", "writes"),
        ("SELECT true INTO other", "writes"),
        ("SELECT true FROM t FOR UPDATE", "locks rows"),
        ("SELEC true", "syntax error"),
    ],
)
@pytest.mark.parametrize("word", ["require", "ensure"])
def test_what_is_no_query_that_only_reads_is_refused(word, query, why):
    problem = refusal(f"-- a comment\n-- pgmg: {word} {query}\nSELECT 1;")
    assert why in problem.message
    assert (problem.where.path, problem.where.line) == ("migrations/001.sql", 2)


def test_an_assertion_after_the_first_statement_is_refused():
    problem = refusal("SELECT 1;\n-- pgmg: ensure SELECT true\n")
    assert "`ensure` stands after the first statement" in problem.message
    assert problem.where.line == 2


def test_words_that_only_resemble_an_assertion_are_comments():
    assert read("-- requires nothing\n-- pgmg: required\n-- pgmg:\nSELECT '-- pgmg: require x';").requires == ()
