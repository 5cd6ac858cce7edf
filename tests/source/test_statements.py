"""Syntax errors, psql's own language, and statements that stand where comments and strings make it hard to see."""

import pytest

from pgmg.errors import RefusedStatement, SyntaxProblem
from pgmg.source.grammar.offsets import Located
from tests.source.reading import code, declared, migration, one, problem, problems

VIEW = "CREATE VIEW v AS SELECT 1"


@pytest.mark.parametrize(
    ("sql", "where", "message"),
    [
        ("CREATE VIEW v AS\n  SELEC 1;", "2:3", 'syntax error at or near "SELEC"'),
        ("CREATE VIEW v AS SELECT (1", "1:27", "syntax error at end of input"),
        ("CREATE VIEW v AS SELECT 'abc", "1:25", 'unterminated quoted string at or near "\'abc"'),
        ("CREATE VIEW v AS SELECT $$abc", "1:25", 'unterminated dollar-quoted string at or near "$$abc"'),
        ('CREATE VIEW v AS SELECT 1 FROM ""', "1:32", 'zero-length delimited identifier at or near """"'),
    ],
)
def test_a_syntax_error_says_where_in_the_servers_words(sql, where, message):
    found = problem(sql)
    assert isinstance(found, SyntaxProblem)
    assert (str(found.where), found.message) == (f"sql/a.sql:{where}", message)


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SELECT 'ää😀', x from from t", "SELECT 'ää😀', x from from t\n                     ^"),
        ("/* é */ SELECT 'ü' x y", "/* é */ SELECT 'ü' x y\n                     ^"),
        ("\tSELECT\t1 x y", "\tSELECT\t1 x y\n\t      \t    ^"),
    ],
)
def test_the_caret_stands_below_the_mistake(sql, shown):
    assert problem(f"{VIEW};\n{sql};").where.caret().removesuffix(";") == shown.replace("\n", ";\n", 1)


def test_the_error_as_text_holds_place_message_line_and_caret():
    text = str(problem("CREATE VIEW é AS SELECT 1 FORM t x"))
    assert text == (
        'sql/a.sql:1:32: syntax error at or near "t"\nCREATE VIEW é AS SELECT 1 FORM t x\n' + " " * 31 + "^"
    )


def test_all_problems_of_a_file_are_reported_from_top_to_bottom():
    sql = f"SELECT 1;\nCREATE VIEW a AS SELECT FROM WHERE;\n{VIEW};\nCREATE TABLE t ();\nCREATE VIEW b AS SELEC;\n\\x\n"
    assert [where for where, _ in problems(sql)] == ["1:1", "2:30", "4:1", "5:18", "6:1"]


def test_migrations_report_all_their_problems_too():
    sql = "SAVEPOINT a;\nSELECT FROM WHERE;\n\\i x\nSELECT 1;\nROLLBACK;\n"
    assert [where for where, _ in problems(sql, migration)] == ["1:1", "2:13", "3:1", "5:1"]


@pytest.mark.parametrize(
    ("sql", "where", "command"),
    [
        ("\\i other.sql", "1:1", "\\i"),
        ("\\copy t FROM 'x.csv' WITH (FORMAT csv)", "1:1", "\\copy"),
        (f"{VIEW} \\gset\n", "1:27", "\\gset"),
        (f"{VIEW};\n  \\echo done", "2:3", "\\echo"),
        ("\\set a 'b", "1:1", "\\set"),
        ("\\connect db", "1:1", "\\connect"),
    ],
)
def test_meta_commands_have_a_message_of_their_own(sql, where, command):
    found = problem(sql)
    assert isinstance(found, RefusedStatement)
    assert (str(found.where), found.message) == (f"sql/a.sql:{where}", f"{command} is a psql meta-command, not SQL")
    assert "psql" in found.hint


@pytest.mark.parametrize("variable", [":name", ":'name'", ':"name"', ":{?name}"])
def test_psql_variables_have_a_message_of_their_own(variable):
    found = problem(f"CREATE VIEW v AS SELECT {variable} AS a")
    assert (str(found.where), found.message) == ("sql/a.sql:1:25", f"{variable} is a psql variable, not SQL")


def test_what_new_dumps_begin_and_end_with_is_passed_over():
    assert declared(f"\\restrict a1\n{VIEW};\n\\unrestrict a1\n") == ["view v"]


def test_a_colon_that_is_sql_is_no_variable():
    assert problem("CREATE VIEW v AS SELECT a[1:n] FORM t x").message == 'syntax error at or near "t"'


def test_a_comment_that_nobody_closes_hides_nothing():
    found = problem(f"{VIEW};\n/* CREATE VIEW w AS SELECT 2; /* */\n")
    assert str(found.where) == "sql/a.sql:2:1"
    assert found.message.startswith("unterminated /* comment")


def test_nested_comments_and_dollar_quotes_are_read_as_the_server_reads_them():
    sql = "/* a /* ; */ b */ CREATE VIEW v AS SELECT /* ';' */ 1; CREATE VIEW w AS SELECT $a$ ; $$ /* $a$ AS t -- ;\n;"
    assert [source.sql for source in code(sql)] == [
        "CREATE VIEW v AS SELECT /* ';' */ 1",
        "CREATE VIEW w AS SELECT $a$ ; $$ /* $a$ AS t",
    ]


@pytest.mark.parametrize(
    "sql",
    [
        f"-- é\n/* b */ {VIEW} /* c */ ; -- d",
        f"-- é\n/* b */ {VIEW} -- c\n -- d\n",
        f"-- é\n/* b */ {VIEW}\n\n",
    ],
)
def test_the_statement_is_what_was_written_without_what_stands_around_it(sql):
    found = one(sql)
    assert (found.sql, str(found.location)) == (VIEW, "sql/a.sql:2:9")


def test_places_are_counted_in_characters_after_other_scripts():
    found = code("CREATE VIEW é AS SELECT '😀'; CREATE VIEW ü AS SELECT 'ß';\n /* ö */ CREATE VIEW w AS SELECT 1")
    assert [str(source.location) for source in found] == ["sql/a.sql:1:1", "sql/a.sql:1:30", "sql/a.sql:2:10"]
    assert [source.sql[:13] for source in found] == ["CREATE VIEW é", "CREATE VIEW ü", "CREATE VIEW w"]


def test_passwords_are_masked_in_the_line_that_an_error_shows():
    shown = str(problem("CREATE USER u PASSWORD 'secret'"))
    assert "secret" not in shown
    assert "PASSWORD '********'" in shown


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE USER u PASSWORD\n  'secret' NONSENSE;",
        "CREATE USER u PASSWORD -- of u\n\n  'secret' NONSENSE;",
        "CREATE USER u PASSWORD 'another\nsecret' NONSENSE;",
        "CREATE USER u PASSWORD 'another secret\n' NONSENSE;",
        "\nALTER ROLE r PASSWORD $$\nsecret\n$$ NONSENSE;",
    ],
)
def test_passwords_are_masked_wherever_the_word_stands(sql):
    """Each line that such an error could show, the one with the error included."""
    shown = problem(sql)
    assert "NONSENSE" in str(shown)
    located = Located("sql/a.sql", sql)
    lines = [located.location(offset).text for offset in range(len(sql))]
    assert not [line for line in (str(shown), *lines) if "secret" in line or "another" in line]
    assert all("NONSENSE" in line for line in lines[-5:])


@pytest.mark.parametrize("sql", ["", "-- nothing\n", ";;", "/* */"])
def test_an_empty_file_declares_nothing(sql):
    assert code(sql) == ()
    assert migration(sql).statements == ()
