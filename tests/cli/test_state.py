"""`pgmg baseline`, `pgmg refresh` and `pgmg reset`."""

import json

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.refreshed import Refreshed

NAMES = ("001_users.sql", "002_orders.sql")


def test_baseline_shows_the_migrations_then_records_them(fake, pgmg):
    fake.names = NAMES
    done = pgmg("baseline", "002_orders.sql")
    assert fake.asked == [("pending", "002_orders.sql"), ("baseline", "002_orders.sql")]
    assert "  - 001_users.sql" in done.stderr
    assert "✓ Recorded migration: 002_orders.sql" in done.stdout


def test_baseline_asks_somebody_unless_yes(fake, pgmg, somebody):
    fake.names = NAMES
    assert pgmg("baseline", typed="n\n").exit_code == 4
    assert ("baseline", None) not in fake.asked
    assert pgmg("baseline", typed="y\n").exit_code == 0
    assert "[y/N]" not in pgmg("baseline", "--yes").stderr


def test_baseline_with_nothing_to_record_says_so(fake, pgmg, somebody):
    done = pgmg("baseline")
    assert done.exit_code == 0
    assert "Nothing to record" in done.stdout


def test_baseline_in_json(fake, pgmg):
    fake.names = NAMES
    assert json.loads(pgmg("baseline", "--format", "json").stdout) == {"recorded": True, "migrations": list(NAMES)}


def test_reset_refuses_where_nobody_can_be_asked(fake, pgmg):
    done = pgmg("reset")
    assert (done.exit_code, fake.asked) == (1, [])
    assert "--yes" in done.stderr


def test_reset_shows_what_it_would_drop_and_asks(fake, pgmg, somebody):
    fake.names = ("DROP VIEW a",)
    done = pgmg("reset", "--all", typed="n\n")
    assert (done.exit_code, fake.asked) == (4, [("reset", True, True)])
    assert "DROP VIEW a;" in done.stderr
    assert "somewhere" in done.stderr
    assert pgmg("reset", typed="y\n").exit_code == 0
    assert fake.asked[-1] == ("reset", False, False)


def test_reset_with_yes_asks_nobody(fake, pgmg):
    fake.names = ("DROP VIEW a",)
    done = pgmg("reset", "--yes")
    assert (fake.asked, done.stderr) == ([("reset", False, False)], "")
    assert "1 statement executed" in done.stdout
    assert json.loads(pgmg("reset", "--yes", "--format", "json").stdout)["statements"] == ["DROP VIEW a"]


def test_reset_says_before_and_after_what_it_leaves_alone(fake, pgmg, somebody):
    fake.names, fake.ignored = ("DROP VIEW a",), [f"view.tmp_{n:02}" for n in range(12)]
    done = pgmg("reset", typed="y\n")
    for shown in (done.stderr, done.stdout):
        assert "Left alone: 12 objects, by the setting ignore in pgmg.toml" in shown
        assert "view.tmp_08" in shown
        assert "… and 3 more (-v lists them)" in shown
    assert "view.tmp_11" in pgmg("reset", "--yes", "-v").stdout
    assert json.loads(pgmg("reset", "--yes", "--format", "json").stdout)["ignored"] == fake.ignored


# -- refresh -----------------------------------------------------------------------------------------------------


def test_refresh_says_what_was_refreshed_and_how(fake, pgmg):
    fake.names = tuple(
        Refreshed(ObjectName(Kind.MATERIALIZED_VIEW, name, "public"), name == "a", 12.4) for name in ("a", "b")
    )
    done = pgmg("refresh", "a", "b", "--concurrently")
    assert fake.asked == [("refresh", ("a", "b"), True)]
    assert done.stdout == "Refreshed a, readable meanwhile: 12 ms\nRefreshed b: 12 ms\n"
    assert json.loads(pgmg("refresh", "--format", "json").stdout)["refreshed"][0]["concurrently"] is True
    fake.names = ()
    assert pgmg("refresh").stdout == "There are no materialized views.\n"
