from dataclasses import replace

import pytest

from pgmg.model.naming.names import Kind, ObjectName, migration_name
from pgmg.model.plans.plan import Action, Affected, Change, ChangeKind, MigrationImpact, Record
from pgmg.render.text.plain import plan_text
from tests.render import builders as made

EXAMPLE = """\
PLAN:
Pending data migration: 003_add_orders_table.sql
  Affected objects that will be recreated:
    - view.user_stats (depends on modified tables)
    - function.get_user_summary(integer) (depends on user_stats)
  Affected objects that will be restored:
    - view.by_hand (depends on user_stats; unmanaged)

Code changes detected:
  - sql/views/active_users.sql (modified)
  - sql/functions/calculate_total.sql (new)

Warnings:
  - Migration 001_users.sql has been edited. (migrations/001_users.sql)

Execution order:
  1. DROP VIEW by_hand (unmanaged)
  2. DROP FUNCTION get_user_summary(integer)
  3. DROP VIEW user_stats
  4. Run migration: 003_add_orders_table.sql
  5. CREATE VIEW user_stats (from sql/views/user_stats.sql)
  6. RESTORE privileges and comments of VIEW user_stats
  7. CREATE FUNCTION get_user_summary(integer) (from sql/functions/get_user_summary.sql)
  8. RESTORE VIEW by_hand (unmanaged; restored as it was)
  9. REPLACE VIEW active_users (from sql/views/active_users.sql; columns are appended)

2 to recreate, 1 to replace, 1 to restore, 1 migration"""

EVERY_ACTION = """\
PLAN:
Execution order:
  1. DROP VIEW reporting.gone (depends on v)
  2. Run migration: 001.sql
  3. CREATE TRIGGER stamp on users (from sql/t.sql)
  4. REPLACE FUNCTION is_odd(integer) (from sql/odd.sql; same signature)
  5. ALTER TYPE status (from sql/status.sql; labels added)
  6. ALTER VIEW v OWNER TO "App Role" (from sql/v.sql)
  7. RESTORE VIEW by_hand (unmanaged; restored as it was)
  8. COMMENT ON VIEW v (from sql/v.sql)
  9. GRANT ON VIEW v TO analyst (from sql/v.sql)
  10. REVOKE ON VIEW v FROM public
  11. GRANT DEFAULT PRIVILEGES on tables to reader (from sql/p.sql)
  12. VALIDATE FUNCTION is_odd(integer) (from sql/odd.sql; its body is checked now that all it uses exists)
  13. SWAP MATERIALIZED VIEW daily (the new one takes its name)

1 to delete, 1 to recreate, 1 to create, 1 to replace, 1 to alter, 1 to restore, 1 to check, 1 migration"""


def test_a_plan_has_the_shape_that_people_know():
    assert plan_text(made.example()) == EXAMPLE


def test_every_action_is_told_in_sql_words():
    assert plan_text(made.every_action()) == EVERY_ACTION


def test_an_empty_plan_says_that_nothing_changes():
    assert plan_text(made.plan()) == "No changes. The database matches the project."


def test_an_empty_plan_still_warns():
    warned = replace(made.plan(), warnings=made.example().warnings)
    assert plan_text(warned).splitlines() == [
        "Nothing to apply, but the project is not what was applied.",
        "",
        "Warnings:",
        "  - Migration 001_users.sql has been edited. (migrations/001_users.sql)",
    ]


def test_a_plan_of_formatting_alone_says_what_is_recorded_and_that_nothing_runs():
    name, old = made.view("a"), made.view("old")
    text = plan_text(
        made.plan(
            changes=(Change(name, ChangeKind.FORMATTING, "sql/a.sql", 2),),
            records=(Record(name, made.source(name, "sql/a.sql"), 1), Record(old, None, 1)),
        )
    )
    expected = """\
PLAN:
Code changes detected:
  - sql/a.sql (formatting: nothing is executed)

Nothing to execute. Only pgmg's own records change:
  - view.a (from sql/a.sql)
  - view.old is removed from the records"""
    assert text == expected


def test_changes_say_what_happened_and_objects_of_one_file_stay_distinguishable():
    changes = (
        Change(made.view("a"), ChangeKind.NEW, "sql/two.sql", 1),
        Change(made.view("b"), ChangeKind.MODIFIED, "sql/two.sql", 5),
        Change(made.view("c"), ChangeKind.DELETED),
        Change(made.view("d"), ChangeKind.DELETED, "sql/d.sql"),
        Change(made.view("e"), ChangeKind.MISSING, "sql/e.sql", 1),
        Change(made.view("f"), ChangeKind.DRIFTED, "sql/f.sql", 1),
        Change(made.view("g"), ChangeKind.ADOPTED, "sql/g.sql", 1),
        Change(made.comment(made.view("h")), ChangeKind.NEW, "sql/h.sql", 2),
    )
    text = plan_text(made.plan(made.step(1, Action.DROP, made.view("c")), changes=changes))
    assert text.splitlines()[1:10] == [
        "Code changes detected:",
        "  - sql/two.sql: view.a (new)",
        "  - sql/two.sql: view.b (modified)",
        "  - view.c (deleted)",
        "  - view.d (deleted, was in sql/d.sql)",
        "  - sql/e.sql (missing: gone from the database)",
        "  - sql/f.sql (drifted: changed by hand in the database)",
        "  - sql/g.sql (adopted: the database has it already)",
        "  - sql/h.sql: comment.view.h (new)",
    ]
    assert text.endswith("  1. DROP VIEW c\n\n1 to delete")


def test_several_groups_have_headers_that_say_what_runs_outside_a_transaction():
    steps = (
        made.step(1, Action.CREATE, made.view("a"), path="sql/a.sql"),
        made.step(2, Action.MIGRATE, migration_name("003_index.sql"), group=2, transactional=False),
        made.step(3, Action.CREATE, made.view("b"), path="sql/b.sql", group=3),
    )
    assert plan_text(made.plan(*steps)).splitlines()[1:] == [
        "Execution order:",
        "  Group 1, in one transaction:",
        "    1. CREATE VIEW a (from sql/a.sql)",
        "  Group 2, outside a transaction:",
        "    2. Run migration: 003_index.sql",
        "  Group 3, in one transaction:",
        "    3. CREATE VIEW b (from sql/b.sql)",
        "",
        "2 to create, 1 migration",
    ]


def test_a_single_group_outside_a_transaction_says_so():
    text = plan_text(made.plan(made.step(1, Action.MIGRATE, migration_name("1.sql"), transactional=False)))
    assert "  Group 1, outside a transaction:" in text


def test_what_a_migration_disturbs_is_told_by_what_becomes_of_it():
    names = [made.view(name) for name in ("back", "stays", "goes")]
    impact = MigrationImpact("1.sql", "migrations/1.sql", tuple(Affected(name, "uses users") for name in names))
    steps = (
        made.step(1, Action.DROP, names[0]),
        made.step(2, Action.DROP, names[2]),
        made.step(3, Action.CREATE, names[0]),
        made.step(4, Action.REPLACE, names[1], reason="its `*` is read anew"),
    )
    assert plan_text(made.plan(*steps, migrations=(impact,))).splitlines()[1:8] == [
        "Pending data migration: 1.sql",
        "  Affected objects that will be recreated:",
        "    - view.back (uses users)",
        "  Affected objects that will be replaced in place:",
        "    - view.stays (uses users)",
        "  Affected objects that will be dropped:",
        "    - view.goes (uses users)",
    ]


def test_verbose_shows_the_sql_and_the_reason_of_every_step():
    text = plan_text(made.example(), verbose=1)
    expected = """\
  4. Run migration: 003_add_orders_table.sql (pending)
     ALTER TABLE orders
       ADD COLUMN n integer;
     SELECT 2;
  5. CREATE VIEW user_stats (from sql/views/user_stats.sql; made again: depends on modified tables)
     CREATE VIEW user_stats AS SELECT 1;
"""
    assert expected in text
    assert "- view.user_stats (depends on modified tables: table.orders)" in text
    assert "Dependencies:" not in text


def test_more_verbose_shows_what_depends_on_what_and_the_fingerprint():
    text = plan_text(made.example(), verbose=2)
    assert text.endswith(f"""\
Dependencies:
  - view.user_stats depends on table.orders (read in the source)
  - function.get_user_summary(integer) depends on view.user_stats (recorded by the server)
  - function.get_user_summary(integer) depends on view.active_users \
(read in the source; not tracked by the server)
Fingerprint: {made.FINGERPRINT}""")


def test_no_password_is_in_a_plan():
    name = migration_name("1.sql")
    sql = f"CREATE ROLE app PASSWORD\n  '{made.PASSWORD}'"
    text = plan_text(made.plan(made.step(1, Action.MIGRATE, name, sql, reason=sql)), verbose=2)
    assert made.PASSWORD not in text
    assert "CREATE ROLE app" in text


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_hostile_names_paths_and_reasons_stay_on_their_line(verbose):
    name = made.view(made.HOSTILE)
    steps = (
        made.step(1, Action.CREATE, name, made.HOSTILE, path=made.HOSTILE, reason=made.HOSTILE),
        made.step(2, Action.GRANT, made.grant(name, made.HOSTILE)),
    )
    changes = (Change(name, ChangeKind.NEW, made.HOSTILE, 1),)
    text = plan_text(made.plan(*steps, changes=changes), verbose)
    assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert "\\x1b[31m\\u202e" in text
    assert len(text.splitlines()) == {0: 9, 1: 12, 2: 23}[verbose]


def test_an_object_that_pgmg_has_no_kind_for_goes_by_its_own_name():
    name = ObjectName(Kind.OTHER, "foreign table x")
    assert plan_text(made.plan(made.step(1, Action.RESTORE, name))).endswith(
        "  1. RESTORE foreign table x\n\n1 to restore"
    )
