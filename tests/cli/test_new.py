"""`pgmg new`: the next number in the folder's own style."""

from datetime import UTC, datetime

import pytest

from pgmg.source.migrations.numbering import next_name, slug

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ([], "001_x.sql"),
        (["views.sql"], "001_x.sql"),
        (["001_a.sql", "002_b.sql"], "003_x.sql"),
        (["0009_a.sql"], "0010_x.sql"),
        (["999_a.sql"], "1000_x.sql"),
        (["9_a.sql", "10_b.sql"], "11_x.sql"),
        (["001-a.sql"], "002-x.sql"),
        (["001 a.sql"], "002 x.sql"),
        (["1.a.sql"], "2.x.sql"),
        (["V1__a.sql"], "V2__x.sql"),
        (["V9__a.sql", "V10__b.sql", "U10__b.sql"], "V11__x.sql"),
        (["V001__a.sql"], "V002__x.sql"),
        (["V1__2nd.sql"], "V2__x.sql"),
        (["V1.2__a.sql", "V1.9__b.sql"], "V1.10__x.sql"),
        (["V1_2__a.sql"], "V1_3__x.sql"),
        (["v1__a.sql"], "v2__x.sql"),
        (["000001_a.up.sql", "000001_a.down.sql"], "000002_x.up.sql"),
        (["20240101120000_a.sql"], "20260504030201_x.sql"),
        (["202401011200_a.sql"], "202605040302_x.sql"),
        (["20240101_a.sql"], "20260504_x.sql"),
        (["V20240101120000__a.sql"], "V20260504030201__x.sql"),
        (["20260504030201_a.sql"], "20260504030202_x.sql"),
        (["20991231235959_a.sql"], "21000101000000_x.sql"),
        (["20261231_a.sql"], "20270101_x.sql"),
        (["99999999_a.sql"], "100000000_x.sql"),
        (["1714791721_a.sql"], "1714791722_x.sql"),
        (["001_a.sql", "20240101120000_b.sql"], "20260504030201_x.sql"),
    ],
)
def test_the_folders_style_is_kept_and_the_new_file_comes_last(existing, expected):
    assert next_name(existing, "x", NOW) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Add orders table!", "add_orders_table"),
        ("add_orders_table.sql", "add_orders_table"),
        ("  größe & Preis ", "große_preis"),
        ("../../etc/passwd", "etc_passwd"),
        ("таблица", "таблица"),
        ("\n\0", ""),
    ],
)
def test_a_name_becomes_part_of_a_file_name(name, expected):
    assert slug(name) == expected


@pytest.fixture
def folder(here):
    (here / "migrations").mkdir()
    return here / "migrations"


def test_the_file_is_made_and_its_path_printed(folder, pgmg):
    done = pgmg("new", "Add orders table")
    assert (done.exit_code, done.stdout) == (0, "migrations/001_add_orders_table.sql\n")
    assert (folder / "001_add_orders_table.sql").read_text(encoding="utf-8") == "-- Add orders table\n\n"
    assert pgmg("new", "more").stdout == "migrations/002_more.sql\n"


def test_a_name_without_letters_is_wrong_usage(folder, pgmg):
    assert pgmg("new", "!?").exit_code == 2
    assert pgmg("new").exit_code == 2
    assert list(folder.iterdir()) == []


def test_a_name_too_long_for_a_file_is_one_clear_error(folder, pgmg):
    done = pgmg("new", "x" * 300)
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr


def test_without_a_migrations_folder_there_is_nowhere_to_put_it(here, pgmg):
    (here / "sql").mkdir()
    done = pgmg("new", "x")
    assert done.exit_code == 1
    assert "migrations_dir" in done.stderr
