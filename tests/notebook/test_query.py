"""`%pgmg_query`: rows as a table, DataFrames, variables, plans, and what is refused."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode

import pytest

import pgmg
from pgmg.errors import UsageError

TABLE = """
CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(8, 2), made timestamptz, took interval);
INSERT INTO items SELECT n, 'item ' || n, CASE WHEN n % 7 <> 0 THEN n * 1.5 END, '2020-01-01Z'::timestamptz + n * '1 day'::interval,
    make_interval(days => 50 - n, hours => n)
FROM generate_series(1, 50) n;
"""


@pytest.fixture
def items(project):
    project.do(TABLE)
    return project


def html(captured):
    return "\n".join(output.data.get("text/html", "") for output in captured.outputs)


def plain(captured):
    return "\n".join(output.data.get("text/plain", "") for output in captured.outputs)


def packed(text):
    (found,) = re.findall(r'class="packed">([A-Za-z0-9+/=]+)<', text)
    return json.loads(zlib.decompress(b64decode(found)))


def test_rows_are_shown_and_returned(cells, items):
    captured = cells("found = %pgmg_query SELECT id, name, 'a' AS \"it's\" FROM items WHERE id < 3 ORDER BY id")
    assert cells.shell.user_ns["found"].rows == ((1, "item 1", "a"), (2, "item 2", "a"))
    assert "item 2" in html(captured)
    assert plain(captured).splitlines()[:3] == ["id  name    it's", " 1  item 1  a", " 2  item 2  a"]
    assert "(2 rows)" in plain(captured)


def test_a_cell_is_a_query(cells, items):
    captured = cells("%%pgmg_query --limit 2\nSELECT *\nFROM items -- all\nORDER BY id;")
    assert len(captured.value) == 2
    assert captured.value.more
    assert "the first 2 rows" in html(captured)


def test_pages_after_the_first_are_packed(cells, items):
    shown = html(cells("%pgmg_query SELECT id, price FROM items ORDER BY id"))
    assert shown.count("<tr>") == 21  # with the header
    assert packed(shown)["rows"] == [[str(n), None if n % 7 == 0 else f"{n * 1.5:.2f}"] for n in range(1, 51)]


def test_values_whose_texts_do_not_sort_have_ranks(cells, items):
    data = packed(html(cells("%pgmg_query SELECT took, made, name FROM items ORDER BY id")))
    assert data["ranks"] == {"0": list(range(49, -1, -1)), "1": list(range(50))}


def test_outputs_are_small_and_values_are_cut(cells, items):
    small = html(cells("%pgmg_query SELECT 1 AS n"))
    assert len(small) < 1_000
    assert len(html(cells("%pgmg_query SELECT 1 AS n UNION SELECT 2"))) < 5_500
    long = html(cells("%pgmg_query --limit 0 SELECT n, repeat('x', 9999) FROM generate_series(1, 3000) n"))
    assert "3,000 rows; the first 1,000 are in this table" in long
    assert len(packed(long)["rows"]) == 1000
    assert max(len(value) for row in packed(long)["rows"] for value in row) < 510


def test_variables_are_bound_in_lines_and_cells(cells, items):
    cells("ids = [2, 3]; column = 'pri ce'; evil = \"x'); DROP TABLE items; --\"")
    assert cells("%pgmg_query SELECT id FROM items WHERE id = ANY({{ids}}) ORDER BY 1").value.rows == ((2,), (3,))
    assert cells('%pgmg_query SELECT 1 AS "{{column}}"').value.columns == ("pri ce",)
    assert cells("%%pgmg_query\nSELECT {{ evil }}::text AS a").value.rows == (("x'); DROP TABLE items; --",),)
    assert cells("%pgmg_query SELECT $$ {ids} $ids $$ AS a").value.rows == ((" {ids} $ids ",),)
    shown, error = cells.failing("%pgmg_query SELECT {{nowhere}}")
    assert isinstance(error, UsageError)
    assert "No variable is named 'nowhere'" in shown


def test_all_rows_become_a_frame(cells, items):
    captured = cells("%pgmg_query --to frame SELECT a.id, b.name FROM items a, items b")
    frame = cells.shell.user_ns["frame"]
    assert frame.shape == (2500, 2)
    assert list(frame.columns) == ["id", "name"]
    assert len(captured.value) == 2500
    cells("%pgmg_query --to=some --limit 3 SELECT id FROM items")
    assert cells.shell.user_ns["some"].shape == (3, 1)


def test_explain_shows_a_tree(cells, items):
    captured = cells("%pgmg_query --explain SELECT * FROM items WHERE name = 'a' ORDER BY price")
    assert plain(captured).splitlines()[0].startswith("Sort  (")
    assert "└ Seq Scan on items" in plain(captured)
    assert "of the cost" in html(captured)
    measured = cells("%%pgmg_query --analyze\nSELECT count(*) FROM items a, items b")
    assert "execution" in plain(measured)
    assert "2,500 rows" in html(measured)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%pgmg_query", "There is no query"),
        ("%pgmg_query DROP TABLE items", "DROP is not a query"),
        ("%pgmg_query SELECT 1; SELECT 2", "more than one statement"),
        ("%pgmg_query SELECT nowhere FROM items", 'column "nowhere" does not exist'),
        ("%pgmg_query --to 3x SELECT 1", "not a name for a variable"),
        ("%pgmg_query --to 'x SELECT 1", "cannot be split"),
        ("%pgmg_query --to x --explain SELECT 1", "has no rows"),
        ("%pgmg_query --nothing SELECT 1", "--nothing"),
        ("%pgmg_query --limit SELECT 1", "not a whole number"),
    ],
)
def test_what_is_refused_is_told_without_a_traceback(cells, items, line, said):
    shown, error = cells.failing(line)
    assert isinstance(error, pgmg.PgmgError)
    assert said in shown
    assert "Traceback" not in shown


def test_names_and_values_are_escaped(cells, items):
    captured = cells(
        """%pgmg_query SELECT '<script>alert(1)</script>' AS "<b>", E'\\x1b[31m' AS c UNION SELECT '2', ''"""
    )
    assert "<script>alert" not in html(captured)
    assert "<b>" not in html(captured)
    assert "\x1b" not in html(captured) + plain(captured)
    assert "\x1b" not in json.dumps(packed(html(captured)), ensure_ascii=False)


def test_passwords_in_values_are_masked(cells, items):
    captured = cells("%pgmg_query SELECT 'postgresql://me:sekret-7@host/db' AS a UNION SELECT 'b'")
    assert "sekret-7" not in html(captured) + plain(captured) + json.dumps(packed(html(captured)))


def test_help_and_completion_know_the_magic(cells):
    assert "{{name}}" in cells("%pgmg_query --help").stdout
    assert "--explain" in cells.complete("%pgmg_query --ex")
    cells("%unload_ext pgmg")
    assert cells.shell.find_line_magic("pgmg_query") is None
    assert cells.shell.find_cell_magic("pgmg_query") is None
    cells("%load_ext pgmg")
