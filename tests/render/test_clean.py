import json

import pytest

from pgmg.render import sanitize
from pgmg.render.text.spans import Role, Span, plain, sections, span_line, sql


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünï ✓", "plain ünï ✓"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\td"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("gnp.\u202exe", "gnp.\\u202exe"),
        ("half \ud83d a pair", "half \\ud83d a pair"),
    ],
)
def test_a_line_spells_out_what_would_act_on_a_terminal(text, shown):
    assert sanitize.sanitize_line(text) == shown


def test_a_block_keeps_its_lines_and_tabs_and_nothing_else_unprintable():
    assert sanitize.sanitize_block("a\r\n\tb\rc\x0b") == "a\n\tb\\rc\\x0b"


def test_passwords_are_hidden_in_lines_blocks_and_spans():
    statement = "ALTER ROLE r PASSWORD 'sekret-7'"
    shown = (
        sanitize.sanitize_line(statement),
        sanitize.sanitize_block(statement),
        plain([span_line(statement)]),
        plain(sql(statement)),
    )
    assert not any("sekret-7" in text for text in shown)


def test_a_password_on_the_line_after_its_word_is_hidden():
    assert "sekret-7" not in plain(sql("ALTER ROLE r PASSWORD\n  'sekret-7'"))


def test_unprintable_characters_in_json_mean_the_same_escaped():
    text = "\x7f\x9b\u2028\u202e\ud800 ü"
    escaped = sanitize.escape_controls(json.dumps(text, ensure_ascii=False))
    assert escaped.encode() == b'"\\u007f\\u009b\\u2028\\u202e\\ud800 \xc3\xbc"'
    assert json.loads(escaped) == text


def test_sections_are_one_empty_line_apart_and_empty_ones_leave_no_gap():
    assert plain(sections([], [span_line("a"), span_line("b")], [], iter([span_line("c")]), [])) == "a\nb\n\nc"


def test_a_span_keeps_its_role():
    assert span_line("a ", Span("b", Role.DROPPED), "") == (Span("a "), Span("b", Role.DROPPED))


def test_the_middle_of_an_endless_line_is_left_out_and_the_other_lines_stay():
    text = "\n".join(["short", "a" * 9_500 + "b" * 90_000 + "c" * 500, "x" * 10_000])
    first, cut, last = sanitize.shortened(text).split("\n")
    assert (first, last) == ("short", "x" * 10_000)
    assert cut.startswith("a" * 9_000 + " … (90,000 characters are left out) … b")
    assert cut.endswith("b" + "c" * 500)
