"""Names, comments, files and errors that try to break out: on the page they are only what they are called."""

from __future__ import annotations

import psycopg
import pytest
from playwright.sync_api import expect
from psycopg import conninfo, sql

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

SCRIPT = "<script>window.owned=1</script>"
NAMES = (
    f"{SCRIPT}",
    '"><img src=x onerror=window.owned=1>',
    "'};window.owned=1;//",
    "</template></pre></style><svg onload=window.owned=1>",
    "\u202egnp.exe\u2066\x1b[31m",
    "{{ 7 * 7 }}${7*7}\\u003cscript\\u003e",
    "&lt;b&gt; --> ]]>",
)
PASSWORD = "pl4nted-s3cret"


def quoted(name):
    return sql.Identifier(name).as_string(None)


@pytest.fixture
def hostile(project):
    """A database and a project full of it."""
    for name in NAMES:
        project.do(f"CREATE TABLE {quoted(name)} (id int, {quoted(name[:40] + ' column')} int)")
    for number, name in enumerate(NAMES):
        text = sql.Literal(name).as_string(None)
        project.write(
            f"sql/views/{number}.sql",
            f"CREATE VIEW {quoted('v' + name)} AS SELECT id, {text} AS said FROM {quoted(name)}; -- {name}\n"
            f"COMMENT ON VIEW {quoted('v' + name)} IS {text};",
        )
    project.write(f"sql/{SCRIPT.replace('/', '')}.sql", "CREATE VIEW plain AS SELECT 1 AS n;")
    altered = "; ".join(f"ALTER TABLE {quoted(name)} ALTER id TYPE bigint" for name in NAMES)
    project.write("migrations/001_<b onclick=x>.sql", f"DO $$ BEGIN RAISE NOTICE '{SCRIPT}'; END $$; {altered};")
    return project


def test_they_do_nothing_anywhere(notebook, hostile, picture):
    cells = ("%load_ext pgmg", "plan = %pgmg_plan", "%pgmg_diff", "%pgmg_graph", "%pgmg_status", "plan")
    notebook.write(*cells).open().run_all()
    notebook.wait(len(cells) - 1)
    shown = notebook.output(1)
    expect(shown.locator("tbody th").filter(has_text=SCRIPT)).not_to_have_count(0)
    expect(shown).not_to_contain_text("\u202e")
    expect(shown).to_contain_text(r"\u202egnp.exe\u2066\x1b[31m")
    picture(shown, "hostile-plan")
    frame = notebook.output(3).frame_locator("iframe")
    expect(frame.locator("svg .node")).not_to_have_count(0)
    for node in frame.locator("svg .node").all():
        node.dispatch_event("click")
    picture(notebook.output(3), "hostile-graph")

    notebook.button("Apply").click()
    notebook.button("Yes, apply").click()
    expect(shown.locator(".pgmg-result")).to_contain_text("applied successfully")
    expect(shown.locator(".remarks")).to_contain_text(SCRIPT)
    hostile.write("migrations/002_error.sql", f"SELECT {quoted(SCRIPT)}.nothing;")
    notebook.run(1)
    notebook.button("Apply").click()
    expect(shown.get_by_role("alert")).to_contain_text(SCRIPT)
    picture(shown, "hostile-error")

    assert notebook.page.evaluate("window.owned") is None
    for inner in notebook.page.frames:
        assert inner.evaluate("window.owned") is None
    expect(notebook.page.locator("img[src=x], svg[onload]")).to_have_count(0)
    notebook.troubles.none()


def test_a_planted_password_is_in_no_output_and_no_file(notebook, project):
    known = conninfo.conninfo_to_dict(project.dsn)
    given = conninfo.make_conninfo(**{**known, "password": PASSWORD})
    with psycopg.connect(given):
        pass  # the server takes any
    project.write("pgmg.toml", f'connection_string = "{given}"\n' + 'migrations_dir = "migrations"\ncode_dir = "sql"\n')
    project.write("sql/one.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    project.write("migrations/001.sql", f"SELECT 1 / 0; -- PASSWORD '{PASSWORD}'")
    (project.root / "elsewhere").write_text(f"postgresql://nobody:{PASSWORD}@127.0.0.1:1/none")
    notebook.write(
        "%load_ext pgmg",
        "%pgmg_connect",
        "plan = %pgmg_plan",
        "%pgmg_status",
        "elsewhere = open('elsewhere').read()",
        "%pgmg_connect {elsewhere}",
    ).open()
    notebook.run_all()
    panel = notebook.output(2)
    notebook.button("Apply", 2).click()
    expect(panel.get_by_role("alert")).to_contain_text("division by zero")
    expect(notebook.output(5)).to_contain_text("127.0.0.1")
    notebook.save()
    saved = notebook.path.read_text(encoding="utf-8")
    assert "division by zero" in saved or "%pgmg_apply" in saved
    assert PASSWORD not in saved
    assert PASSWORD not in notebook.page.content()
    notebook.troubles.none()
