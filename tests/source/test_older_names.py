"""Names that are key words only for newer servers, as older ones take and print them."""

from __future__ import annotations

import pytest

from pgmg.source.grammar.parser import GrammarError, deparse, parse
from tests.source.reading import one

WORDS = (
    "json", "json_array", "json_arrayagg", "json_object", "json_objectagg", "json_exists", "json_query", "json_scalar",
    "json_serialize", "json_table", "json_value", "merge_action", "JSON", "Json_Table",
)  # fmt: skip
FORMS = (
    "CREATE FUNCTION f(a text, {0} text) RETURNS int LANGUAGE sql AS $$ SELECT '{0}' $$",
    "CREATE FUNCTION f(OUT {0} text, INOUT b int) LANGUAGE sql AS 'SELECT 1, 2'",
    "CREATE FUNCTION {0}(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE PROCEDURE f(VARIADIC {0} text[]) LANGUAGE sql AS 'SELECT 1'",
)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", FORMS)
def test_names_mean_what_they_mean_between_quotes(word, form):
    quoted, plain = (parse(form.replace("{0}", each, 1).replace("{0}", word)) for each in (f'"{word.lower()}"', word))
    assert [deparse(raw.stmt) for raw in plain.stmts] == [deparse(raw.stmt) for raw in quoted.stmts]


def test_positions_and_statements_are_those_of_the_text():
    text = "CREATE FUNCTION f(json json) RETURNS json LANGUAGE sql AS 'SELECT json'"
    found = one(f"-- ä\n{text};")
    assert found.sql == text
    assert found.facts.arguments[0].name == "json"


@pytest.mark.parametrize("sql", ["SELECT json json json", "CREATE FUNCTION f(json json) RETURN", "CREATE VIEW json("])
def test_what_no_server_takes_is_refused_as_it_is_written(sql):
    with pytest.raises(GrammarError, match=r"json|end of input"):
        parse(sql)
