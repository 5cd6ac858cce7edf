"""The explanation of a plan: objects over time, compared with the catalog and read as people read it."""

import tomllib
from pathlib import Path

import psycopg
import pytest

import pgmg
from pgmg.model.naming.names import Kind, ObjectName, migration_name
from pgmg.model.plans.explanation import Happening
from pgmg.model.plans.plan import Action, Change, ChangeKind, Edge, MigrationEffect
from pgmg.model.sources.source import Effect, Migration
from pgmg.render.text.plain import plan_text
from pgmg.render.text.plans.explanation_lines import explanation_lines
from pgmg.render.text.spans import plain
from tests.render import builders as made
from tests.test_cases import bring, lay, run

CASES = Path(__file__).parents[1] / "cases"
SHOWN = """\
Objects over time:
  D dropped, C created, R restored, A altered; - exists, . does not exist
  s1: before 002_wide.sql, step 1
  002: 002_wide.sql, step 2
  s3: before 003_wider.sql:1, step 3
  003:1: 003_wider.sql:1, step 4
  s5: before 003_wider.sql:2, step 5
  003:2: 003_wider.sql:2, step 6
  s7: before 003_wider.sql:3, step 7
  003:3: 003_wider.sql:3, step 8
                           s1 002 s3 003:1 s5 003:2 s7 003:3
  materialized_view.names -D......R--------D........R-------
      s1 dropped: depends on users.name, whose type 002_wide.sql changes
      s3 restored: 003_wider.sql needs it
      s5 dropped: depends on users.name, whose type 003_wider.sql changes
      s7 restored: 003_wider.sql needs it
  table.users             -----A----------------A-----------
      002 altered: changes a column's type
      003:2 altered: changes a column's type
  table.kept              .............C--------------------
      003:1 created
"""
RELATIONS = (Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.TABLE, Kind.INDEX, Kind.SEQUENCE)


def _migrate(number, name, statements=1):
    migration = Migration(name, f"migrations/{name}", "", "0" * 64, ())
    return made.step(number, Action.MIGRATE, migration_name(name), *(["SELECT 1"] * statements), migration=migration)


def _letters(course):
    return "".join("-" if there else "." for there in (course.existed, *course.exists))


def _row(explanation, name):
    (found,) = (course for course in explanation.objects if course.object == name)
    return found


# --- against the catalog


def _relations(dsn):
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(
            "SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        ).fetchall()
    return set(rows)


@pytest.mark.parametrize(
    "name",
    [
        "enum_rewrite_takes_defaults_checks_and_indexes_along",
        "materialized_view_index_changes_and_another_goes",
        "materialized_view_indexes_come_back",
        "migrations_rename_a_column_then_retype_it_under_unmanaged_objects",
        "migrations_rename_a_table_then_retype_under_an_unmanaged_view",
        "migrations_retype_rename_and_index_concurrently_under_a_changed_view",
        "migrations_retype_twice_and_read_between_under_an_unmanaged_view",
        "table_swapped_under_declared_objects",
        "type_rewrite_after_migrations_rename_and_drop_its_columns",
    ],
)
def test_rows_begin_and_end_as_the_catalog_does(name, database, tmp_path):
    case = CASES / name
    described = tomllib.loads((case / "case.toml").read_text()) if (case / "case.toml").exists() else {}
    bring(lay(case, "before", into=tmp_path / "before"), database, None)
    run(database, case / "hand.sql")
    before = _relations(database)
    root = lay(case, "before", "after", into=tmp_path / "after")
    with pgmg.Project.open(root, connection_string=database) as project:
        plan = project.plan(pgmg.PlanOptions(**described))
        project.apply(plan, yes=True)
    after = _relations(database)
    names = {}
    courses = [course for course in plan.explain().objects if course.object.kind in RELATIONS]
    assert courses
    for course in courses:
        first = (course.object.schema, course.object.name)
        becomes = [e.reason.rpartition(".")[2] for e in course.events if e.happening is Happening.RENAME]
        last = (course.object.schema, becomes[-1] if becomes else course.object.name)
        assert (first in before) is course.existed, course.object
        names[last] = names.get(last, False) or course.exists[-1]
    for key, exists in names.items():
        assert (key in after) is exists, key


def test_a_dropped_view_is_absent_until_a_migration_needs_it(database, tmp_path):
    case = CASES / "migrations_retype_twice_and_read_between_under_an_unmanaged_view"
    bring(lay(case, "before", into=tmp_path / "before"), database, None)
    run(database, case / "hand.sql")
    root = lay(case, "before", "after", into=tmp_path / "after")
    with pgmg.Project.open(root, connection_string=database) as project:
        text = plan_text(project.plan(), 2)
    assert SHOWN in text
    assert "Objects over time:" not in plan_text(made.example(), 1)
    assert "Objects over time:" in plan_text(made.example(), 2)


# --- from steps


def test_steps_between_migrations_are_one_point_and_a_part_of_a_migration_is_its_own():
    first, second = made.view("a"), made.view("b")
    plan = made.plan(
        made.step(1, Action.DROP, first),
        made.step(2, Action.DROP, second),
        _migrate(3, "001.sql"),
        _migrate(4, "002.sql"),
        made.step(5, Action.CREATE, first),
    )
    points = plan.explain().points
    assert [(point.label, point.migration, point.steps) for point in points] == [
        ("before 001.sql", None, (1, 2)),
        ("001.sql", "001.sql", (3,)),
        ("002.sql", "002.sql", (4,)),
        ("after 002.sql", None, (5,)),
    ]
    assert _letters(_row(plan.explain(), first)) == "-...-"
    assert _letters(_row(plan.explain(), second)) == "-...."


def test_an_object_that_goes_with_another_one_is_absent_from_then_on():
    whole, index = ObjectName(Kind.MATERIALIZED_VIEW, "m", "public"), ObjectName(Kind.INDEX, "i", "public")
    plan = made.plan(
        made.step(1, Action.DROP, whole, reason="its query changes"),
        _migrate(2, "001.sql"),
        made.step(3, Action.CREATE, whole),
        made.step(4, Action.RESTORE, index),
        edges=(Edge(index, whole),),
    )
    course = _row(plan.explain(), index)
    assert next((e.happening, e.reason) for e in course.events) == (Happening.DROP, "dropped with materialized_view.m")
    assert _letters(course) == "-..-"


def test_a_new_object_did_not_exist_before_though_what_it_uses_was_dropped():
    old, new = made.view("old"), made.view("new")
    plan = made.plan(
        made.step(1, Action.DROP, old),
        made.step(2, Action.CREATE, old),
        made.step(3, Action.CREATE, new),
        edges=(Edge(new, old),),
        changes=(Change(new, ChangeKind.NEW),),
    )
    assert _letters(_row(plan.explain(), new)) == ".-"
    assert _letters(_row(plan.explain(), old)) == "--"


def test_a_row_follows_its_object_through_renames():
    a, b, aside = made.table("a"), made.table("b"), made.table("aside")
    swap = [(a, aside), (b, a), (aside, b)]
    plan = made.plan(
        _migrate(1, "001.sql", 4),
        effects=(
            *(MigrationEffect("001.sql", n, Effect.RENAME, old, new) for n, (old, new) in enumerate(swap)),
            MigrationEffect("001.sql", 3, Effect.DROP, a),
        ),
    )
    found = plan.explain()
    assert [course.object for course in found.objects] == [a, b]
    assert _letters(_row(found, a)) == "--"
    assert _letters(_row(found, b)) == "-."
    assert [e.reason for e in _row(found, a).events] == ["becomes table.aside", "becomes table.b"]


def test_comments_and_privileges_belong_to_the_row_of_their_object():
    view = made.view("v")
    plan = made.plan(
        made.step(1, Action.REPLACE, view), made.step(2, Action.GRANT, made.grant(view, "reader"), reason="new")
    )
    (course,) = plan.explain().objects
    assert [event.happening for event in course.events] == [Happening.REPLACE, Happening.DESCRIBE]


def test_sixty_objects_at_five_migrations_fit_a_terminal():
    table = made.table("t")
    views = [made.view(f"a_rather_long_name_of_a_view_{n}") for n in range(60)]
    steps, effects = [], []
    for number in range(5):
        name = f"{number:03}_migration.sql"
        absent = views[: 60 - 20 * (number % 2)]
        steps += [made.step(len(steps) + 1, Action.DROP, view, reason="depends on t") for view in absent[:1]]
        steps += [made.step(len(steps) + n, Action.DROP, v, reason="depends on t") for n, v in enumerate(absent[1:], 1)]
        steps.append(_migrate(len(steps) + 1, name))
        steps += [made.step(len(steps) + n, Action.CREATE, v, reason="recreated") for n, v in enumerate(absent, 1)]
        effects.append(MigrationEffect(name, 0, Effect.RETYPE_COLUMN, table))
    explanation = made.plan(*steps, effects=tuple(effects)).explain()
    assert len(explanation.objects) == 61
    lines = plain(explanation_lines(explanation)).splitlines()
    assert len(lines) <= 60
    assert max(len(line) for line in lines if not line.startswith("  view.")) <= 100
    assert "and 37 more" in "\n".join(lines)


def test_a_plan_without_steps_has_no_table():
    assert made.plan().explain() == pgmg.Explanation()
    assert list(explanation_lines(made.plan().explain())) == []
