"""Files of the code folder are written inside of it, whole, and with the mode they had."""

from __future__ import annotations

import os
import stat

import pytest

from pgmg.errors import UsageError
from pgmg.source.code_folder import CodeFolder, write


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "db/code").mkdir(parents=True)
    return CodeFolder(tmp_path, tmp_path / "db/code")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a.sql", "db/code/a.sql"),
        ("views/a.SQL", "db/code/views/a.SQL"),
        ("./views//a.sql", "db/code/views/a.sql"),
        ("db/code/views/a.sql", "db/code/views/a.sql"),
        ("db/a.sql", "db/code/db/a.sql"),
    ],
)
def test_paths_are_relative_to_the_code_folder_or_spelled_as_messages_do(folder, typed, expected):
    assert folder.shown(folder.file(typed)) == expected


def test_a_folder_of_the_code_folders_own_name_is_not_cut_off(folder):
    (folder.code_dir / "db/code").mkdir(parents=True)
    assert folder.shown(folder.file("db/code/a.sql")) == "db/code/db/code/a.sql"


def test_a_code_folder_outside_of_the_project_works(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "sql").mkdir()
    folder = CodeFolder(tmp_path / "project", tmp_path / "sql")
    assert folder.shown(folder.file("a.sql")) == "../sql/a.sql"
    with pytest.raises(UsageError):
        folder.file("../sql/a.sql")


@pytest.mark.parametrize(
    "typed", ["", ".", "..", "/", "a\0.sql", "../a.sql", "a/../b.sql", "a.sql/", "a", ".sql", "~/a.sql", "#a.sql"]
)
def test_what_is_no_file_of_ours_is_refused(folder, typed):
    with pytest.raises(UsageError):
        folder.file(typed)


def test_a_file_is_written_whole_and_its_mode_kept(tmp_path):
    path = tmp_path / "views/a.sql"
    write(path, "eins\n")
    before = os.umask(0)
    os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~before
    path.chmod(0o600)
    write(path, "zwei ü\n")
    assert path.read_bytes() == "zwei ü\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["a.sql"]


def test_a_reader_sees_the_old_text_or_the_new_one(tmp_path):
    path = tmp_path / "a.sql"
    write(path, "old" * 10_000)
    with path.open() as reader:
        first = reader.read(10)
        write(path, "new")
        assert first + reader.read() == "old" * 10_000
    assert path.read_text() == "new"


def test_a_link_stays_one(tmp_path):
    (tmp_path / "real.sql").write_text("old")
    (tmp_path / "link.sql").symlink_to("real.sql")
    write(tmp_path / "link.sql", "new")
    assert (tmp_path / "link.sql").is_symlink()
    assert (tmp_path / "real.sql").read_text() == "new"


def test_what_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "a.sql"
    path.write_text("old")

    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        write(path, "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.sql", "old")]
