from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.model.sources.source import Notice
from pgmg.render.text.plain import status_text
from tests.render import builders as made


def test_a_status_is_one_screen_about_everything():
    changes = (
        Change(made.view("a"), ChangeKind.MODIFIED, "sql/a.sql", 1),
        Change(made.view("b"), ChangeKind.DRIFTED, "sql/b.sql", 1),
    )
    status = made.status(
        applied=("001.sql", "002.sql"),
        pending=("003.sql",),
        objects=(("view", 3), ("materialized view", 12)),
        changes=changes,
        warnings=(Notice("x", "Careful."),),
    )
    expected = """\
Connection:  postgresql://app@db:5432/shop
Database:    shop (PostgreSQL 18.4)
Migrations:  2 applied, 1 pending
             last applied: 002.sql
Objects:     15 managed
             view                   3
             materialized view     12

Pending data migrations:
  - 003.sql

Code changes:
  - sql/a.sql (modified)

Drift:
  - sql/b.sql (drifted: changed by hand in the database)
  Drifted: `pgmg apply` restores the declared definition; `pgmg import view.b` keeps the database's.

Warnings:
  - Careful.

To do: 1 migration, 2 changes. `pgmg plan` shows how."""
    assert status_text(status) == expected


def test_a_status_without_differences_says_that_there_is_nothing_to_do():
    assert status_text(made.status()).endswith("\n\nNothing to do. The database matches the project.")


def test_long_lists_are_counted_rather_than_shown():
    changes = tuple(Change(made.view(f"v{n}"), ChangeKind.NEW, f"sql/v{n}.sql", 1) for n in range(1015))
    text = status_text(made.status(pending=tuple(f"{n}.sql" for n in range(16)), changes=changes))
    assert "  … and 1 more\n" in text
    assert "  … and 1,000 more\n" in text
    assert len(text.splitlines()) < 50
