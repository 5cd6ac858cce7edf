from dataclasses import replace

from pgmg.model.plans.plan import Action, Edge
from pgmg.model.results.events import ApplyResult
from pgmg.render.text.plain import result_text
from tests.render import builders as made

EXAMPLE = """\
Executing changes:
  ↓ Dropping view: by_hand
  ↓ Dropping function: get_user_summary
  ↓ Dropping view: user_stats
  ✓ Applied migration: 003_add_orders_table.sql
  ✓ Created view: user_stats
  ✓ Restored privileges and comments of view: user_stats
  ✓ Created function: get_user_summary
  ✓ Restored view: by_hand
  ✓ Replaced view: active_users

Updated state tracking:
  ✓ Recorded migration: 003_add_orders_table.sql
  ✓ Recorded 4 objects

Learned from the server:
  - view.user_stats depends on view.active_users

Warnings:
  - Migration 001_users.sql has been edited. (migrations/001_users.sql)

All changes applied successfully."""


def test_a_result_has_the_shape_that_people_know():
    learned = (Edge(made.view("user_stats"), made.view("active_users")),)
    recorded = ("003_add_orders_table.sql",)
    result = made.result(made.example(), migrations_recorded=recorded, objects_updated=4, discovered=learned)
    assert result_text(result) == EXAMPLE


def test_every_action_is_told_as_done():
    assert result_text(made.result(made.every_action())).splitlines()[1:-2] == [
        "  ↓ Dropping view: reporting.gone",
        "  ✓ Applied migration: 001.sql",
        "  ✓ Created trigger: stamp on users",
        "  ✓ Replaced function: is_odd",
        "  ✓ Altered type: status",
        "  ✓ Changed the owner of view: v",
        "  ✓ Restored view: by_hand",
        "  ✓ Commented on view: v",
        "  ✓ Granted on view: v to analyst",
        "  ✓ Revoked on view: v from public",
        "  ✓ Granted default privileges: on tables to reader",
        "  ✓ Validated function: is_odd",
        "  ✓ Swapped materialized view: daily",
    ]


def test_verbose_says_how_long_each_step_took():
    lines = result_text(made.result(made.every_action()), verbose=1).splitlines()
    assert lines[2] == "  ✓ Applied migration: 001.sql (3 ms)"
    assert lines[-1] == "All changes applied successfully. (2.3 s)"


def test_overloads_are_told_apart_by_their_arguments():
    f, g = made.function("f", "integer"), made.function("f", "text")
    text = result_text(made.result(made.plan(made.step(1, Action.CREATE, f), made.step(2, Action.CREATE, g))))
    assert "✓ Created function: f(integer)" in text
    assert "✓ Created function: f(text)" in text


def test_nothing_to_do_says_so_and_still_warns():
    empty = ApplyResult(made.plan(), applied=False)
    assert result_text(empty) == "No changes. The database matches the project."
    warned = replace(empty, plan=replace(empty.plan, warnings=made.example().warnings))
    assert "001_users.sql" in result_text(warned)


def test_state_alone_is_told_without_executed_changes():
    result = ApplyResult(made.plan(), applied=True, objects_updated=1)
    expected = """\
Updated state tracking:
  ✓ Recorded 1 object

All changes applied successfully."""
    assert result_text(result) == expected


def test_a_rehearsal_shows_the_plan_and_that_nothing_was_done():
    text = result_text(ApplyResult(made.example(), applied=False))
    assert text.startswith("PLAN:\n")
    assert text.endswith("\n\nDry run: nothing was changed.")
    assert "✓" not in text


def test_what_was_put_back_is_named():
    v = made.view("v")
    restored = made.step(
        2, Action.RESTORE, v, "ALTER VIEW v OWNER TO x", "SET LOCAL ROLE y", "GRANT SELECT ON v TO z", "RESET ROLE",
        "ALTER VIEW v ALTER COLUMN a SET DEFAULT 1", "COMMENT ON VIEW v IS ''",
    )  # fmt: skip
    text = result_text(made.result(made.plan(made.step(1, Action.CREATE, v), restored)))
    assert "✓ Restored owner, privileges, settings and comments of view: v" in text
