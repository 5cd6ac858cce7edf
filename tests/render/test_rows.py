"""What a change does to rows, as text, HTML and JSON: the numbers are all there, and values are only values."""

import json as standard

import jsonschema
import pytest

from pgmg.model.plans.plan import ChangeKind
from pgmg.model.results.cell_result import CellResult, ColumnsChanged
from pgmg.model.results.row_questions import ChangedRow, ColumnDifference, Preview, RowDifference, RowSamples
from pgmg.model.sources.source import Notice
from pgmg.render.html.cell_html import cell_html
from pgmg.render.html.rows_html import rows_html
from pgmg.render.json import documents
from pgmg.render.json.rows_json import rows_document
from pgmg.render.text.grid import grid, shown, values
from pgmg.render.text.plain import preview_text, rows_text
from pgmg.render.text.results.cell_lines import cell_lines
from pgmg.render.text.spans import plain
from tests.render import builders as made

STATS = RowDifference(
    made.view("user_stats"),
    ChangeKind.MODIFIED,
    1_204_332,
    1_204_377,
    added=50,
    removed=1,
    changed=12,
    key=("id",),
    columns=(
        ColumnDifference("id", "integer", "bigint", 0, as_text=True),
        ColumnDifference("name", "text", "text", 1),
        ColumnDifference("note", "text", "text", 0),
        ColumnDifference("score", None, "numeric"),
        ColumnDifference("region", "text", None),
    ),
    samples=RowSamples(
        columns_after=("id", "name", "note", "score"),
        columns_before=("id", "name", "note", "region"),
        common=("id", "name", "note"),
        added=(("7", None, "NULL", "12.5"),),
        removed=(("8", "", "b", "north"),),
        changed=(ChangedRow(("9", "Grace", "same"), ("9", None, "same")),),
    ),
    one_in=12,
    inlined=(made.view("active"),),
    notes=(Notice("as-it-stands", "function.f() is called as it stands."),),
    duration_ms=12.3456,
)
NEW = RowDifference(
    made.view("newest"), ChangeKind.NEW, None, 3, added=3, columns=(ColumnDifference("id", None, "int"),)
)
SAME = RowDifference(made.view("same"), None, 3, 3, changed=0, key=("id",))
GONE = RowDifference(made.view("gone"), ChangeKind.DELETED, 1, None, removed=1)
FAILED = RowDifference(made.view("broken"), None, None, None, notes=(Notice("failed", "division by zero"),))
ALL = (STATS, NEW, SAME, GONE, FAILED)


def test_text_says_counts_manner_columns_and_samples():
    assert (
        rows_text((STATS,))
        == """\
# view.user_stats (modified): 1,204,332 rows now, 1,204,377 after the change
  Rows are told apart by id.
  A sample was compared: about one row in 12, chosen by a hash of id; what is counted below is that of the sample (--limit 0 compares all).
  Pending changes taken along: view.active.
  note: function.f() is called as it stands.
  + 50 rows added
  - 1 row removed
  ~ 12 rows changed

  column  type              values
  id      integer → bigint  same, compared as text
  name    text              1 value differs
  note    text              same
  score   numeric           new column
  region  text              column removed

  Added, 1 of 50:
    id  name  note    score
     7  NULL  "NULL"   12.5

  Removed, 1 of 1:
    id  name  note  region
     8  ""    b     north

  Changed, 1 of 12:
    id  name
     9  Grace → NULL"""
    )


def test_views_on_one_side_only_and_those_that_are_the_same():
    text = rows_text((NEW, SAME, GONE, FAILED))
    assert (
        "# view.newest (new): 3 rows after the change, none now\n  + 3 rows added\n\n  column  type\n  id      int\n"
        in text
    )
    assert (
        "# view.same: 3 rows now, 3 after the change\n  Rows are told apart by id.\n  No row that was compared differs."
        in text
    )
    assert "# view.gone (deleted): 1 row now, deleted by the change" in text
    assert "# view.broken: not compared\n  note: division by zero" in text
    assert rows_text(()) == "No view changes, so no rows to compare."


def test_html_says_the_same():
    html = rows_html(ALL)
    for said in ("1,204,332 rows now", "+ 50 rows added", "~ 12 rows changed", "A sample was", "integer → bigint"):
        assert said in html
    assert '<del class="r-plain">Grace</del> <ins>NULL</ins>' in html
    assert '<td class="r-null">NULL</td>' in html
    assert "&#34;NULL&#34;" in html
    assert html.count("<details") == 5
    assert " open>" not in html  # many are folded
    assert rows_html((STATS,)).count(" open>") == 1
    assert "No view changes" in rows_html(())


def test_json_is_what_the_schema_says():
    document = standard.loads(documents.dumps(rows_document(ALL)))
    schema = documents.schema() | {"$ref": "#/$defs/rows", "anyOf": [{}]}
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    first = document["rows"][0]
    assert first["samples"]["added"] == {
        "columns": ["id", "name", "note", "score"],
        "rows": [["7", None, "NULL", "12.5"]],
    }
    assert (first["one_in"], first["inlined"], first["duration_ms"]) == (12, ["view.active"], 12.346)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "NULL"), ("NULL", '"NULL"'), ("", '""'), ("null", "null"), ("a", "a")]
)
def test_null_is_told_from_every_text(value, expected):
    assert shown(value)[0] == expected


def test_a_grid_aligns_and_cuts():
    lines = grid(("n", "wide"), values((("1", "x" * 50), ("-20.5", "a\nb"), (None, "c"))), "")
    assert plain(lines) == "\n".join(["    n  wide", f"    1  {'x' * 39}…", "-20.5  a\\nb", " NULL  c"])


HOSTILE = made.HOSTILE


def test_hostile_names_and_values_stay_text():
    found = RowDifference(
        made.view(HOSTILE),
        ChangeKind.MODIFIED,
        1,
        1,
        changed=1,
        key=(HOSTILE,),
        columns=(ColumnDifference(HOSTILE, HOSTILE, HOSTILE + "2", 1),),
        samples=RowSamples(
            (HOSTILE,),
            (HOSTILE,),
            (HOSTILE,),
            ((HOSTILE,),),
            ((HOSTILE,),),
            (ChangedRow((HOSTILE,), (HOSTILE + "2",)),),
        ),
        notes=(Notice("x", HOSTILE),),
    )
    preview = Preview(made.view(HOSTILE), (HOSTILE,), (HOSTILE,), ((HOSTILE,),))
    cell = CellResult(
        f"sql/{HOSTILE}.sql",
        (),
        HOSTILE,
        HOSTILE + "\nold",
        why_not=HOSTILE,
        columns=(ColumnsChanged(made.view(HOSTILE), (ColumnDifference(HOSTILE, None, HOSTILE),)),),
        dependents=(made.view(HOSTILE),),
        previews=(preview,),
        notes=(HOSTILE,),
    )
    for html in (rows_html((found,)), cell_html(cell)):
        assert "<script>document" not in html
        assert "\x1b" not in html
        assert "<b>" not in html
    for text in (rows_text((found,)), preview_text(preview), plain(cell_lines(cell))):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_previews_say_how_much_they_show():
    two = Preview(made.view("v"), ("a",), ("int",), (("1",), ("2",)), more=True)
    assert preview_text(two) == "# view.v: the first 2 rows\n  a\n  1\n  2"
    assert preview_text(Preview(made.view("v"), ("a",), ("int",), (("1",),))) == "# view.v: the only row\n  a\n  1"
    assert preview_text(Preview(made.view("v"), ("a",), ("int",), ())) == "# view.v: no rows\n  a"
