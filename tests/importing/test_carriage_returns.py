"""Carriage returns in what a database holds: files state them so that neither reading nor git takes them for line ends."""

from __future__ import annotations

import subprocess

import pytest

from pgmg.catalog.servers import server_programs
from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportOptions

TEXTS = {
    "lone": "a\rb",
    "line end": "a\r\nb",
    "with backslashes": "\\a\\\r\n\\n",
    "with quotes": "'a'\r\n''\"",
    "long": "\r\n".join(["a line that is as long as lines are"] * 4),
}
PLACES = (
    "CREATE TABLE t (a text DEFAULT {0}, CHECK (a <> {0})); COMMENT ON TABLE t IS {0}; CREATE INDEX i ON t ((a = {0}));",
    "CREATE VIEW v AS SELECT replace(a, {0}, ' ') AS a FROM t; COMMENT ON COLUMN v.a IS {0}; ALTER VIEW v ALTER a SET DEFAULT {0};",
    "CREATE MATERIALIZED VIEW m AS SELECT {0}::text AS a; CREATE INDEX mi ON m ((a = {0}));",
    "CREATE TYPE e AS ENUM ({4}, 'other'); CREATE DOMAIN d AS text DEFAULT {0} CHECK (value <> {0});",
    "CREATE TYPE c AS ({1} text); COMMENT ON TYPE c IS {0};",
    "CREATE FUNCTION f(a text DEFAULT {0}) RETURNS text LANGUAGE sql AS $$SELECT 1::text$$;",
    "CREATE FUNCTION p() RETURNS text LANGUAGE plpgsql AS $$\r\nBEGIN\r\n  RETURN {2}; -- one\r\nEND\r\n$$;",
    "CREATE FUNCTION q() RETURNS text LANGUAGE sql AS {3};",
    "CREATE FUNCTION s() RETURNS text LANGUAGE sql RETURN {0};",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN (new.a = {0}) EXECUTE FUNCTION g({0});",
    "CREATE POLICY y ON t USING (a = {0}); CREATE RULE r AS ON UPDATE TO t WHERE new.a = {0} DO INSTEAD NOTHING;",
    "CREATE VIEW {1} AS SELECT 1 AS one; COMMENT ON VIEW {1} IS {0};",
)


def dumped(dsn):
    installed = server_programs.programs()
    command = [installed[max(installed)] / "pg_dump", "--schema-only", "--exclude-table=*pgmg_*", f"--dbname={dsn}"]
    found = subprocess.run(command, check=True, capture_output=True).stdout
    return sorted(line for line in found.split(b"\n") if not line.startswith((b"--", b"\\")))


def filled(place, text):
    plain = "'" + text.replace("'", "''") + "'"
    name = '"' + text[:60].replace('"', '""') + '"'
    body = "'" + f"SELECT {plain}".replace("'", "''") + "\r\n'"
    label = "'" + text[:60].replace("'", "''") + "'"
    return place.format(plain, name, plain, body, label)


@pytest.mark.parametrize("what", TEXTS)
def test_carriage_returns_come_back_from_files(project, server, what):
    project.do(*(filled(place, TEXTS[what]) for place in PLACES))
    with project.open() as opened:
        report = Importer(opened.settings, opened.connect).run(ImportOptions(baseline=True, scratch=server.dsn))
    assert report.proof.differences == ()
    assert report.left_out == ()
    project.settled()
    rebuilt = server.create()
    with project.open(connection_string=rebuilt) as opened:
        opened.apply()
    assert dumped(rebuilt) == dumped(project.dsn)


def test_files_that_git_turned_into_crlf_say_the_same(project):
    project.do("CREATE TABLE t (a text)", *(filled(place, TEXTS["line end"]) for place in PLACES[5:8]))
    with project.open() as opened:
        Importer(opened.settings, opened.connect).run(ImportOptions(verify=False))
    for path in (project.root / "sql").rglob("*.sql"):
        data = path.read_bytes()
        path.write_bytes(data.replace(b"\r\n", b"\n"))
        project.settled()
        path.write_bytes(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        project.settled()
