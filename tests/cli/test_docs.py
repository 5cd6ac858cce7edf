"""`pgmg docs`: what the site says of each object, compared with what the server says to others."""

from __future__ import annotations

import json
import re

import pytest

from pgmg.model.results.site_data import SiteData
from pgmg.render.site.site_page import page_address, site_html, write_site
from tests.render.pages import Elements, unpacked

TABLES = """
CREATE SCHEMA shop;
CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'x' UNIQUE, "Strange ""one" numeric(8, 2));
COMMENT ON TABLE people IS E'Everybody.\\nTwo lines, <b>not bold</b>.';
COMMENT ON COLUMN people.name IS 'as they call themselves';
CREATE TABLE shop.orders (id int, line int, person int REFERENCES people, total int GENERATED ALWAYS AS (line * 2) STORED CHECK (total > 0), PRIMARY KEY (id, line));
CREATE TABLE shop.parts (id int PRIMARY KEY, of int REFERENCES shop.parts, order_id int, line int, FOREIGN KEY (order_id, line) REFERENCES shop.orders);
CREATE INDEX by_person ON shop.orders (person);
CREATE VIEW shop.by_hand AS SELECT 1 AS n;
"""


@pytest.fixture
def shop(project):
    project.write("migrations/001_all.sql", TABLES)
    project.write(
        "sql/views.sql",
        """CREATE VIEW totals AS SELECT p.name AS who, sum(o.total) AS total FROM people p JOIN shop.orders o ON o.person = p.id GROUP BY 1;
COMMENT ON VIEW totals IS 'per person';
CREATE VIEW rich AS SELECT who FROM totals WHERE total > 100;
CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE TYPE pair AS (one int, other text);
REVOKE ALL ON FUNCTION add(int, int) FROM PUBLIC;
GRANT SELECT ON rich TO PUBLIC;
GRANT SELECT (who) ON totals TO PUBLIC;
""",
    )
    project.apply()
    project.write("sql/new.sql", "CREATE VIEW fresh AS SELECT who FROM rich;")
    return project


@pytest.fixture
def document(shop):
    with shop.open() as opened:
        return unpacked(site_html(opened.site()))


def about(document, name):
    (found,) = [one for one in document["objects"] if one["id"] == name]
    return found


def test_columns_are_those_of_the_information_schema(document, shop):
    query = """SELECT CASE table_type WHEN 'VIEW' THEN 'view.' ELSE 'table.' END || CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name,
        array_agg(column_name::text ORDER BY ordinal_position), array_agg(is_nullable = 'NO' ORDER BY ordinal_position)
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema IN ('public', 'shop') AND table_name NOT LIKE 'pgmg%' GROUP BY table_type, table_schema, table_name"""
    expected = {name: list(zip(columns, required, strict=True)) for name, columns, required in shop.rows(query)}
    relations = [one for one in document["objects"] if one["kind"] in ("table", "view") and "columns" in one]
    assert {one["id"]: [(c[0], bool(c[2])) for c in one["columns"]] for one in relations} == expected
    people = {column[0]: column for column in about(document, "table.people")["columns"]}
    assert people["id"][3] == "generated always as identity"
    assert people["name"][1:] == ["text", 1, "'x'::text", "as they call themselves"]
    assert people['Strange "one'][1] == "numeric(8,2)"
    assert [column[:2] for column in about(document, "type.pair")["columns"]] == [["one", "integer"], ["other", "text"]]


def test_foreign_keys_are_those_of_the_information_schema(document, shop):
    query = """SELECT k.table_name::text, array_agg(k.column_name::text ORDER BY k.ordinal_position), r.table_name::text, array_agg(r.column_name::text ORDER BY k.ordinal_position)
        FROM information_schema.referential_constraints c
        JOIN information_schema.key_column_usage k ON k.constraint_name = c.constraint_name
        JOIN information_schema.key_column_usage r ON r.constraint_name = c.unique_constraint_name AND r.ordinal_position = k.position_in_unique_constraint
        GROUP BY c.constraint_name, k.table_name, r.table_name"""
    found = [
        (one["name"].rpartition(".")[2], key[3], document["objects"][key[4]]["name"].rpartition(".")[2], key[5])
        for one in document["objects"]
        for key in one.get("keys", ())
        if key[0] == "f"
    ]
    assert sorted(found) == sorted(shop.rows(query))
    orders = about(document, "table.shop.orders")
    assert [key[0] for key in orders["keys"]] == ["p", "f", "c"]
    assert [part[:2] for part in orders["parts"]] == [["index", "by_person"]]


def test_comments_owners_and_privileges_are_the_servers(document, shop):
    owner = shop.value("SELECT current_user::text")
    assert about(document, "table.people")["comment"] == "Everybody.\nTwo lines, <b>not bold</b>."
    totals = about(document, "view.totals")
    assert (totals["comment"], totals["owner"], totals["place"]) == ("per person", owner, "sql/views.sql:1:1")
    assert ["public", "SELECT", "who"] in totals["privileges"]
    assert ["public", "SELECT", ""] in about(document, "view.rich")["privileges"]
    routine = about(document, "function.add(integer, integer)")
    assert routine["signature"] == "(a integer, b integer DEFAULT 1) returns integer, language sql"
    assert routine["privileges"] == [[owner, "EXECUTE", ""]]


def test_dependencies_and_lineage_lead_from_object_to_object(document):
    objects = document["objects"]
    uses = {(objects[a]["id"], objects[b]["id"]) for a, b in document["uses"]}
    assert {("view.rich", "view.totals"), ("view.totals", "table.people"), ("view.fresh", "view.rich")} <= uses
    lineage = {(objects[a]["id"], x, objects[b]["id"], y, bool(flow)) for a, x, b, y, flow in document["lineage"]}
    assert ("view.totals", "who", "table.people", "name", False) in lineage
    assert ("view.totals", "total", "table.shop.orders", "total", False) in lineage
    assert ("view.rich", "", "view.totals", "total", True) in lineage


def test_tests_are_found_with_the_objects_that_they_name(shop):
    shop.write(
        "sql/tests.sql",
        """CREATE FUNCTION test_rich() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM add(1);
  RETURN NEXT results_eq('SELECT who FROM rich', ARRAY['Ada']);
END $$;
CREATE FUNCTION test_pair() RETURNS pg_catalog.text LANGUAGE sql AS $$ SELECT 'totals' $$;
CREATE FUNCTION testing() RETURNS SETOF TEXT LANGUAGE sql AS $$ SELECT who FROM totals $$;
CREATE FUNCTION rich_people() RETURNS SETOF text LANGUAGE sql AS $$ SELECT who FROM totals $$;""",
    )
    found = []
    for _ in range(2):  # from the files, then from the database
        with shop.open() as opened:
            found.append(unpacked(site_html(opened.site())))
        shop.apply()
    for document in found:
        names = [one["id"] for one in document["objects"]]
        tests = {names[n]: {names[test] for test in those} for n, *those in document["tests"]}
        assert tests == {
            "function.test_rich()": set(),
            "function.testing()": set(),
            "function.add(integer, integer)": {"function.test_rich()"},
            "view.rich": {"function.test_rich()"},
            "view.totals": {"function.testing()"},
        }


def test_all_objects_are_there_once_and_changes_are_marked(document):
    names = [one["id"] for one in document["objects"]]
    assert len(names) == len(set(names))
    assert {"view.shop.by_hand", "table.shop.parts", "type.pair", "view.fresh"} <= set(names)
    assert not [name for name in names if name.startswith(("grant.", "comment.")) or "pgmg_" in name]
    assert {one["id"]: one["change"] for one in document["objects"] if "change" in one} == {"view.fresh": "new"}
    assert about(document, "view.shop.by_hand")["unmanaged"] == 1


def test_the_command_writes_pages_that_load_nothing(shop, tmp_path):
    from click.testing import CliRunner

    from pgmg.cli.main import program

    folder = tmp_path / "site"
    arguments = ["docs", str(folder), "--connection-string", shop.dsn, "--config", str(shop.root / "pgmg.toml")]
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in folder.iterdir()) == ["graph.html", "index.html"]
    for path in folder.iterdir():
        text = path.read_text()
        assert "default-src 'none'" in text
        loaded = [
            attrs for _, attrs in Elements(text).tags if attrs.get("src") or attrs.get("href", "").startswith("http")
        ]
        assert loaded == []
    first = (folder / "index.html").read_text()
    assert CliRunner().invoke(program, arguments).exit_code == 0
    assert (folder / "index.html").read_text() == first


def test_a_file_of_somebody_else_is_not_replaced(tmp_path):
    from pgmg.errors import UsageError
    from pgmg.model.results.graph_data import Graph

    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(UsageError, match="not a page of pgmg"):
        write_site(SiteData(Graph(), Graph()), tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
    assert not (tmp_path / "graph.html").exists()


def test_hostile_names_and_secrets_are_harmless(project):
    project.do(
        """CREATE TABLE "</script><img src=x onerror=alert(1)>" ("<i>" int); COMMENT ON TABLE "</script><img src=x onerror=alert(1)>" IS 'postgresql://me:sekret-7@h/d';""",
        "CREATE VIEW v AS SELECT '</pre><script>alert(2)</script>'::text AS a",
    )
    project.write(
        "sql/w.sql",
        "CREATE VIEW w AS SELECT '</pre><script>alert(3)</script>'::text AS a, 'postgresql://me:sekret-7@h/d' AS b;",
    )
    with project.open() as opened:
        page = site_html(opened.site())
    assert "onerror" not in re.sub(r"&lt;img.*?&gt;", "", page)
    assert "sekret-7" not in page
    data = json.dumps(unpacked(page))
    assert "sekret-7" not in data
    (sql,) = [one["sql"] for one in unpacked(page)["objects"] if one["id"] == "view.w"]
    assert "<script>" not in sql
    assert "&lt;script&gt;" in sql


def test_addresses_are_those_of_the_page(document):
    from urllib.parse import unquote

    from pgmg.model.naming.names import Kind, ObjectName

    name = ObjectName(Kind.FUNCTION, "add", "public", ("integer", "integer"))
    address = page_address(name)
    assert re.fullmatch(r"index\.html#[\w.%~-]+", address)
    assert unquote(address.partition("#")[2]) in {one["id"] for one in document["objects"]}
