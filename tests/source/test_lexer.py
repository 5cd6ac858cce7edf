import pytest

from pgmg.source import split_statements
from pgmg.source.grammar.lexer import Sort, pieces, significant, tokens


def cut(text):
    return [text[piece.start : piece.end] for piece in pieces(text)]


@pytest.mark.parametrize(
    "first",
    [
        "SELECT ';'",
        "SELECT E'\\';'",
        "SELECT e'\\\\'",
        "SELECT 'it''s;'",
        'SELECT ";"',
        'SELECT "a"";"',
        "SELECT U&';'",
        'SELECT U&"d\\0061t;"',
        "SELECT $$;$$",
        "SELECT $a$ $$ ; $b$ $a$",
        "SELECT $ä1$;$ä1$",
        "SELECT /* ; /* ; */ ; */ 1",
        "SELECT 1 -- ;\n + 1",
        "CREATE RULE r AS ON INSERT TO v DO (SELECT 1; SELECT 2)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN b END; END",
        "create or replace procedure p() begin atomic end",
        "SELECT x'1;'",
        "SELECT $1;",
        "SELECT a$b$c",
    ],
)
def test_a_semicolon_ends_a_statement_only_where_it_is_one(first):
    assert cut(f"{first};SELECT 2") == [first.removesuffix(";"), "SELECT 2"]


def test_transactions_and_functions_called_atomic_are_no_blocks():
    text = "begin; end; CREATE FUNCTION \"ATOMIC\"() RETURNS int AS 'begin'; SELECT case"
    assert len(cut(text)) == 4


@pytest.mark.parametrize("text", ["", " \n\t", "-- nothing", "/* /* */ */", ";;;", "; -- x\n;"])
def test_nothing_is_no_statement(text):
    assert cut(text) == []


def test_comments_around_statements_are_not_theirs():
    assert split_statements("-- a\nSELECT 1 /* b */; -- c\n\\x\n/* d */ SELECT 2 -- e\n") == ("SELECT 1", "SELECT 2")


@pytest.mark.parametrize("rest", ["/* lost; SELECT 2", "/* /* */ SELECT 2", "/*/ x"])
def test_a_comment_that_nobody_closes_is_not_overlooked(rest):
    assert cut(f"SELECT 1; {rest}") == ["SELECT 1", rest]


@pytest.mark.parametrize("rest", ["'lost; SELECT 2", "$$lost; x", "E'lost\\", '"lost;'])
def test_what_is_not_closed_goes_on_to_the_end(rest):
    assert cut(f"SELECT 1; SELECT {rest}") == ["SELECT 1", f"SELECT {rest}"]


def test_data_of_copy_are_kept_apart():
    text = "COPY t (a, b) FROM stdin WITH (FORMAT csv);\n1;2\n-- no comment\n\\N\n\\.\nSELECT 1;\ncopy t from STDIN;\n\\.\n"
    first, second, third = pieces(text)
    assert (first.data, second.data, third.data) == ("1;2\n-- no comment\n\\N\n", None, "")


def test_copy_without_an_end_takes_the_rest():
    (piece,) = pieces("COPY t FROM stdin;\n1\n2")
    assert piece.data == "1\n2"


def test_copy_from_a_file_has_no_data():
    assert [piece.data for piece in pieces("COPY t FROM '/x';\nSELECT 1")] == [None, None]


def test_meta_commands_end_with_their_line():
    text = "SELECT 1\n\\gexec\n\\i 'a;b'\nSELECT 2"
    assert [(text[p.start : p.end], p.meta) for p in pieces(text)] == [
        ("SELECT 1", False),
        ("\\gexec", True),
        ("\\i 'a;b'", True),
        ("SELECT 2", False),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b::c", ["a", ".", "b", "::", "c"]),
        ("1..2", ["1", "..", "2"]),
        ("1.5e-3", ["1.5e-3"]),
        ("x=-1", ["x", "=", "-", "1"]),
        ("x@-1", ["x", "@-", "1"]),
        ("a--b", ["a"]),
        ("a+/*c*/b", ["a", "+", "b"]),
        ("$1$2", ["$1", "$2"]),
        ("E'a\\'b' c", ["E'a\\'b'", "c"]),
        ("été:=1", ["été", ":=", "1"]),
        ("a[1:2]", ["a", "[", "1", ":", "2", "]"]),
    ],
)
def test_tokens_are_those_of_the_server(text, expected):
    assert [token.text for token in significant(text)] == expected


def test_tokens_say_where_they_stand():
    text = "SELECT 'é' /* c */ FROM \"t\""
    assert all(text[token.start : token.end] == token.text for token in tokens(text))
    assert [token.sort for token in tokens(text)] == [Sort.WORD, Sort.STRING, Sort.COMMENT, Sort.WORD, Sort.QUOTED]
