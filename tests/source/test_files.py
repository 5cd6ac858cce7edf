import os

import pytest

from pgmg.source import read_files
from pgmg.source.project_files import natural_key


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def read(root, code="sql", migrations="migrations"):
    for folder in (code, migrations):
        if folder:
            (root / folder).mkdir(parents=True, exist_ok=True)
    return read_files(root, root / code if code else None, root / migrations if migrations else None)


def test_migrations_run_in_natural_order(tmp_path):
    names = ["10_y.sql", "9_x.sql", "009_b.sql", "1.10.sql", "1.9.sql", "a.sql", "V2__b.sql", "V10__a.sql"]
    for name in names:
        write(tmp_path / "migrations" / name, "SELECT 1")
    found = [migration.name for migration in read(tmp_path).migrations]
    assert found == ["1.9.sql", "1.10.sql", "009_b.sql", "9_x.sql", "10_y.sql", "V2__b.sql", "V10__a.sql", "a.sql"]


VERSIONS = ["1", "1.1", "1.2", "1.2.1", "1.10", "2", "2.0.1", "10"]


@pytest.mark.parametrize(
    ("joint", "pattern"), [(".", "V{}__{}.sql"), ("_", "V{}__{}.sql"), (".", "{}_{}.sql"), (".", "{}.sql")]
)
def test_versions_of_several_numbers_run_in_their_order(joint, pattern):
    """Whatever the rest of the names; V1_2__ is what V1.2__ is."""
    names = [pattern.format(version.replace(".", joint), "zyxwvuts"[number]) for number, version in enumerate(VERSIONS)]
    for shuffled in (sorted(names), sorted(names, reverse=True)):
        assert sorted(shuffled, key=natural_key) == names


def test_names_that_differ_only_in_zeros_have_one_order():
    assert sorted(["1_a", "01_a"], key=natural_key) == sorted(["01_a", "1_a"], key=natural_key)


def test_digits_of_other_scripts_do_not_break_the_order():
    assert min(["²_a.sql", "٣_b.sql", "1_c.sql"], key=natural_key) == "1_c.sql"


def test_code_is_every_sql_file_at_any_depth_in_the_order_of_paths(tmp_path):
    for path in ("b.sql", "a/z.sql", "a/b/c.sql", "a.sql", "A.SQL", "readme.md", "a/notes.txt"):
        write(tmp_path / "sql" / path, "")
    assert [file.path for file in read(tmp_path).code] == [
        "sql/A.SQL",
        "sql/a.sql",
        "sql/a/b/c.sql",
        "sql/a/z.sql",
        "sql/b.sql",
    ]


@pytest.mark.parametrize("size", [0, 1, 2**16 - 1, 2**16, 2**16 + 1, 2**18 + 7])
def test_a_file_of_any_size_is_read_to_its_end(tmp_path, size):
    text = ("ä" * size)[: size - 1] + "x" * (size > 0)  # two bytes a character, and one: some stand across any border
    write(tmp_path / "sql/a.sql", text)
    assert read(tmp_path).code[0].text == text


def test_subfolders_of_migrations_are_not_migrations(tmp_path):
    write(tmp_path / "migrations/1.sql", "")
    write(tmp_path / "migrations/old/2.sql", "")
    (tmp_path / "migrations/3.sql").mkdir()
    assert [migration.name for migration in read(tmp_path).migrations] == ["1.sql"]


@pytest.mark.parametrize(
    "name", [".hidden.sql", ".#a.sql", "#a.sql#", "a.sql~", "~a.sql", "4913", ".a.sql.swp", "a.sql.bak", ".git/a.sql"]
)
def test_hidden_and_editor_files_are_ignored_in_both_folders(tmp_path, name):
    for folder in ("sql", "migrations"):
        write(tmp_path / folder / name, "nonsense")
    found = read(tmp_path)
    assert (found.code, found.migrations, found.problems) == ((), (), ())


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r", b"SELECT 1;\nSELECT 2;\n"])
def test_bom_and_line_ends_do_not_matter_to_text_and_hash(tmp_path, data):
    write(tmp_path / "sql/a.sql", data)
    write(tmp_path / "migrations/1.sql", data)
    found = read(tmp_path)
    assert found.code[0].text == found.migrations[0].text == "SELECT 1;\nSELECT 2;\n"
    assert found.code[0].hash == found.migrations[0].hash


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        (b"SELECT 1;\nSELECT '\xe4';", "sql/a.sql:2", "is not UTF-8: byte 0xe4 at offset 18"),
        ("SELECT 1".encode("utf-16"), "sql/a.sql:1", "is not UTF-8: byte 0xff at offset 0 (it looks like UTF-16)"),
        ("SELECT 1".encode("utf-16-le"), "sql/a.sql:1", "is not text: byte 0x00 at offset 1 (it may be UTF-16)"),
        (b"SELECT 1;\n\0CREATE VIEW", "sql/a.sql:2", "is not text: byte 0x00 at offset 10 (it may be UTF-16)"),
    ],
)
def test_other_encodings_are_an_error_that_names_file_and_byte(tmp_path, data, where, message):
    write(tmp_path / "sql/a.sql", data)
    (problem,) = read(tmp_path).problems
    assert (str(problem.where), problem.message, problem.hint) == (where, message, "Save the file as UTF-8.")


def test_one_bad_file_does_not_hide_the_next(tmp_path):
    for name in ("sql/a.sql", "sql/b.sql", "migrations/1.sql"):
        write(tmp_path / name, b"\xff")
    found = read(tmp_path)
    assert [problem.where.path for problem in found.problems] == ["sql/a.sql", "sql/b.sql", "migrations/1.sql"]


def test_a_link_to_nothing_is_a_problem_and_not_silence(tmp_path):
    write(tmp_path / "sql/a.sql", "")
    (tmp_path / "sql/gone.sql").symlink_to(tmp_path / "nowhere.sql")
    (tmp_path / "sql/self.sql").symlink_to(tmp_path / "sql/self.sql")
    found = read(tmp_path)
    assert [file.path for file in found.code] == ["sql/a.sql"]
    assert [str(problem.where) for problem in found.problems] == ["sql/gone.sql", "sql/self.sql"]


def test_a_folder_that_links_to_itself_is_read_once(tmp_path):
    write(tmp_path / "sql/in/a.sql", "")
    (tmp_path / "sql/in/loop").symlink_to(tmp_path / "sql")
    (tmp_path / "sql/in/self").symlink_to(tmp_path / "sql/in/self")
    assert [file.path for file in read(tmp_path).code] == ["sql/in/a.sql"]


def test_links_to_folders_and_files_elsewhere_are_followed(tmp_path):
    write(tmp_path / "shared/b.sql", "")
    write(tmp_path / "lone.sql", "")
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/linked").symlink_to(tmp_path / "shared")
    (tmp_path / "sql/c.sql").symlink_to(tmp_path / "lone.sql")
    assert [file.path for file in read(tmp_path).code] == ["sql/c.sql", "sql/linked/b.sql"]


def test_migrations_inside_the_code_folder_are_not_code(tmp_path):
    write(tmp_path / "db/a.sql", "")
    write(tmp_path / "db/migrations/1.sql", "")
    found = read(tmp_path, "db", "db/migrations")
    assert [file.path for file in found.code] == ["db/a.sql"]
    assert [migration.path for migration in found.migrations] == ["db/migrations/1.sql"]


def test_the_project_folder_itself_may_hold_the_code(tmp_path):
    write(tmp_path / "a.sql", "")
    write(tmp_path / "migrations/1.sql", "")
    assert [file.path for file in read(tmp_path, ".").code] == ["a.sql"]


def test_a_folder_that_is_not_configured_is_none_and_an_empty_one_is_empty(tmp_path):
    assert (read(tmp_path, None).code, read(tmp_path, migrations=None).migrations) == (None, None)
    assert (read(tmp_path).code, read(tmp_path).migrations, read(tmp_path).problems) == ((), (), ())


def test_folders_outside_the_project_are_shown_relative_to_it(tmp_path):
    write(tmp_path / "sql/a.sql", "")
    (tmp_path / "project").mkdir()
    found = read_files(tmp_path / "project", tmp_path / "sql", None)
    assert [file.path for file in found.code] == ["../sql/a.sql"]


def test_what_undoes_is_passed_over_with_a_notice(tmp_path):
    for name in ("1_a.sql", "1_a.down.sql", "U1__a.sql", "1_b.DOWN.SQL", "Users.sql", "down.sql"):
        write(tmp_path / "migrations" / name, "DROP TABLE a")
    found = read(tmp_path)
    assert [migration.name for migration in found.migrations] == ["1_a.sql", "Users.sql", "down.sql"]
    assert {(notice.code, notice.where) for notice in found.notices} == {
        ("migration-undo", "migrations/1_a.down.sql"),
        ("migration-undo", "migrations/1_b.DOWN.SQL"),
        ("migration-undo", "migrations/U1__a.sql"),
    }


def test_only_the_up_section_is_kept_but_the_hash_is_of_the_whole_file(tmp_path):
    write(tmp_path / "migrations/1.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n")
    write(tmp_path / "migrations/2.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 3;\n")
    first, second = read(tmp_path).migrations
    assert first.text == second.text
    assert "SELECT 2" not in first.text
    assert first.hash != second.hash


@pytest.mark.skipif(os.geteuid() == 0, reason="only for users who may be forbidden to read")
def test_a_file_that_may_not_be_read_is_a_problem(tmp_path):
    write(tmp_path / "sql/a.sql", "")
    (tmp_path / "sql/a.sql").chmod(0)
    (problem,) = read(tmp_path).problems
    assert problem.message.startswith("cannot be read: Permission denied")


def test_what_never_ends_is_not_read(tmp_path):
    (tmp_path / "sql").mkdir()
    os.mkfifo(tmp_path / "sql" / "pipe.sql")
    found = read_files(tmp_path, tmp_path / "sql", None)
    assert [str(problem) for problem in found.problems] == ["sql/pipe.sql: is no regular file"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("SELECT '\r\n';\r\n", "SELECT '\n';\n"),
        ("SELECT '\r\n';\n", "SELECT '\r\n';\n"),
        ("SELECT\r\n$$\r\n$$, '\r' -- '\r\n;\n", "SELECT\n$$\r\n$$, '\r' -- '\n;\n"),
        ('SELECT 1 AS "\r";\nSELECT\r2;', 'SELECT 1 AS "\r";\nSELECT\n2;'),
        ("COPY t FROM stdin;\nit's\r\n\\.\nSELECT 1;\r\n", "COPY t FROM stdin;\nit's\n\\.\nSELECT 1;\n"),
    ],
)
def test_a_carriage_return_belongs_to_a_constant_where_not_all_lines_end_in_one(tmp_path, data, expected):
    (tmp_path / "x.sql").write_bytes(data.encode())
    (file,) = read_files(tmp_path, tmp_path, None).code
    assert file.text == expected
