"""Where the objects of a cell belong: the file that has them, or one named as the project names its files."""

from __future__ import annotations

import pytest

from pgmg.errors import DuplicateObject, UsageError
from pgmg.model.sources.source import CodeFile
from pgmg.source import parse_file
from pgmg.source.file_placement import check_unique, declaring_file, missing_from, read_declared, suggest_path


def parsed(sql, path="the cell"):
    return parse_file(CodeFile(path, sql, ""))


def declared(**files):
    """Files of the folder `sql`; `views__a` is `sql/views/a.sql`."""
    return read_declared(CodeFile(f"sql/{name.replace('__', '/')}.sql", text, "") for name, text in files.items())


VIEW = "CREATE VIEW a AS SELECT 1 AS n;"


@pytest.mark.parametrize(
    ("cell", "file", "expected"),
    [
        (VIEW, "CREATE VIEW a AS SELECT 2 AS n;", True),
        (VIEW, "CREATE MATERIALIZED VIEW a AS SELECT 2 AS n;", True),
        (VIEW, 'CREATE VIEW "A" AS SELECT 2 AS n;', False),
        (VIEW, "CREATE VIEW public.a AS SELECT 2 AS n;", True),
        (VIEW, "CREATE VIEW app.a AS SELECT 2 AS n;", False),
        (VIEW, "CREATE TYPE a AS ENUM ();", False),
        ("CREATE DOMAIN a AS int;", "CREATE TYPE a AS ENUM ();", True),
        (
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "CREATE FUNCTION f(integer) RETURNS int LANGUAGE sql AS 'SELECT 2';",
            True,
        ),
        (
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 2';",
            False,
        ),
    ],
)
def test_the_file_that_declares_the_object_is_found(cell, file, expected):
    assert declaring_file(parsed(cell), declared(x=file)) == ("sql/x.sql" if expected else None)


def test_a_file_that_does_not_parse_is_passed_over():
    assert declaring_file(parsed(VIEW), declared(broken="CREATE VIEW a AS SELEC")) is None


def test_what_a_file_would_lose_is_named():
    file = "CREATE VIEW a AS SELECT 2 AS n;\nCOMMENT ON VIEW a IS 'x';\nGRANT SELECT ON a TO public;\nCREATE VIEW b AS SELECT 1;"
    assert missing_from(parsed(VIEW), parsed(file)) == ("comment on view.a", "grant on table.a", "view.b")
    assert missing_from(parsed(file), parsed(VIEW)) == ()
    with pytest.raises(UsageError, match="declares more than the cell"):
        declaring_file(parsed(VIEW), declared(x=file))


def test_an_object_of_another_file_is_a_duplicate_but_a_grant_is_not():
    both = declared(
        x=f"{VIEW}\nGRANT SELECT ON a TO public;", y="ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public;"
    )
    with pytest.raises(DuplicateObject, match=r"view\.a is declared already in sql/x\.sql:1") as error:
        check_unique(parsed(VIEW), "sql/new.sql", both)
    assert error.value.paths == ("sql/new.sql", "sql/x.sql")
    check_unique(parsed(VIEW), "sql/x.sql", both)
    check_unique(parsed("GRANT SELECT ON a TO public;"), "sql/new.sql", both)
    check_unique(parsed("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public;"), "sql/new.sql", both)


@pytest.mark.parametrize(
    ("cell", "files", "expected"),
    [
        (VIEW, {}, "sql/views/a.sql"),
        (VIEW, {"b": "CREATE VIEW b AS SELECT 1;"}, "sql/a.sql"),
        (VIEW, {"b": "CREATE TYPE b AS ENUM ();"}, "sql/a.sql"),
        (VIEW, {"types__b": "CREATE TYPE b AS ENUM ();"}, "sql/views/a.sql"),
        (
            "CREATE VIEW app.a AS SELECT 1;",
            {
                "v__b": "CREATE VIEW b AS SELECT 1;",
                "v__c": "CREATE VIEW c AS SELECT 1;",
                "app__d": "CREATE VIEW app.d AS SELECT 1;",
            },
            "sql/app/a.sql",
        ),
        ("CREATE VIEW app.a AS SELECT 1;", {"v__b": "CREATE VIEW b AS SELECT 1;"}, "sql/v/a.sql"),
        ("CREATE VIEW a AS SELECT 1;\nCREATE VIEW z AS SELECT 1;", {}, "sql/views/a.sql"),
        ("COMMENT ON TABLE t IS 'x';\nCREATE VIEW z AS SELECT 1;", {}, "sql/views/z.sql"),
        ('CREATE VIEW "..." AS SELECT 1;', {}, "sql/views/view.sql"),
        ('CREATE VIEW "Ünï $1" AS SELECT 1;', {}, "sql/views/Ünï_$1.sql"),
        (
            "CREATE POLICY p ON t; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            {},
            "sql/functions/f.sql",
        ),
    ],
)
def test_a_new_object_gets_a_file_of_its_name(cell, files, expected):
    assert suggest_path(parsed(cell), declared(**files), "sql") == expected


def test_a_name_that_is_taken_is_not_proposed():
    with pytest.raises(UsageError, match="exists already and declares something else"):
        suggest_path(parsed(VIEW), declared(views__a="CREATE VIEW other AS SELECT 1;"), "sql")


def test_what_has_no_name_of_its_own_needs_a_path():
    with pytest.raises(UsageError, match="names no object of its own"):
        suggest_path(parsed("GRANT SELECT ON t TO public;"), {}, "sql")
