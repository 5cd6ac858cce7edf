"""`pgmg apply`."""

import dataclasses
import json
from collections import Counter

import pytest

from pgmg.model.plans.plan import PlanOptions
from pgmg.model.sources.source import Notice
from tests.render import builders


def applied(fake):
    return [question for question in fake.asked if question[0] == "apply"]


def test_without_a_terminal_it_goes_ahead(fake, pgmg):
    done = pgmg("apply")
    assert done.exit_code == 0
    assert "✓ Created view: user_stats" in done.stdout
    assert "All changes applied successfully." in done.stdout
    assert fake.asked == [("apply", None, PlanOptions(), False)]


def test_what_the_server_says_goes_to_standard_error(fake, pgmg):
    done = pgmg("apply")
    assert "hear, hear" in done.stderr
    assert "hear, hear" not in done.stdout


def test_quiet_says_nothing_but_the_result(fake, pgmg):
    done = pgmg("apply", "-q")
    assert done.stderr == ""
    assert "All changes applied successfully." in done.stdout


def test_json_holds_the_result(fake, pgmg):
    document = json.loads(pgmg("apply", "--format", "json").stdout)
    assert document["applied"] is True
    assert len(document["steps"]) == len(fake.planned.steps)


def test_somebody_is_shown_the_plan_and_asked_once(fake, pgmg, somebody):
    done = pgmg("apply", typed="y\n")
    assert done.exit_code == 0
    assert done.stderr.count("[y/N]") == 1
    assert "Execution order:" in done.stderr
    assert applied(fake) == [("apply", fake.planned, PlanOptions(), False)]


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "yes please\n"])
def test_whatever_is_not_a_yes_declines(fake, pgmg, somebody, typed):
    done = pgmg("apply", typed=typed)
    assert (done.exit_code, applied(fake), done.stdout) == (4, [], "")
    assert "nothing was changed" in done.stderr
    assert "error" not in done.stderr


def test_yes_is_an_answer(fake, pgmg, somebody):
    done = pgmg("apply", "--yes")
    assert "[y/N]" not in done.stderr
    assert applied(fake) == [("apply", None, PlanOptions(), True)]


def test_nobody_is_asked_when_nothing_is_to_be_done(fake, pgmg, somebody):
    fake.planned = builders.plan()
    done = pgmg("apply")
    assert "[y/N]" not in done.stderr
    assert "No changes." in done.stdout


def test_deleting_most_of_what_is_recorded_is_refused_before_the_question(fake, pgmg, somebody):
    warning = Notice("mass-deletion", "12 of 14 recorded objects would be deleted.")
    fake.planned = dataclasses.replace(fake.planned, warnings=(warning,))
    done = pgmg("apply", typed="y\n")
    assert (done.exit_code, applied(fake)) == (1, [])
    assert "--yes" in done.stderr
    assert "[y/N]" not in done.stderr


def test_a_dry_run_shows_the_plan_and_does_nothing(fake, pgmg):
    done = pgmg("apply", "--dry-run")
    assert "Execution order:" in done.stdout
    assert "nothing was changed" in done.stderr
    assert applied(fake) == []


def test_a_dry_run_in_json_is_a_result_that_was_not_applied(fake, pgmg):
    document = json.loads(pgmg("apply", "--dry-run", "--format", "json").stdout)
    assert document["applied"] is False
    assert [step["number"] for step in document["steps"]] == [step.number for step in fake.planned.steps]


def test_timeouts_are_settings(fake, pgmg):
    pgmg("apply", "--lock-timeout", "2s", "--statement-timeout", "1min")
    assert fake.calls[0].overrides == {"lock_timeout": "2s", "statement_timeout": "1min"}


def test_how_to_resume_is_passed_on(fake, pgmg):
    pgmg("apply", "--resume", "again")
    assert applied(fake)[0][-1] == "again"
    assert pgmg("apply", "--resume", "perhaps").exit_code == 2


# -- saved plans -------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_made_again_and_applied(fake, pgmg):
    pgmg("plan", "--out", "plan.json")
    assert pgmg("apply", "plan.json").exit_code == 0
    assert applied(fake)[0][1] is fake.planned


def test_a_saved_plan_brings_its_options(fake, pgmg):
    fake.planned = dataclasses.replace(fake.planned, options=PlanOptions(drop_unmanaged=True))
    pgmg("plan", "--out", "plan.json")
    fake.asked.clear()
    assert pgmg("apply", "plan.json", "--drop-unmanaged").exit_code == 0
    assert fake.asked[0] == ("plan", PlanOptions(drop_unmanaged=True))


@pytest.mark.parametrize("words", [["--rewrite-tables"], ["--recreate", "required"]])
def test_a_saved_plan_takes_no_other_options(fake, pgmg, words):
    pgmg("plan", "--out", "plan.json")
    done = pgmg("apply", "plan.json", *words)
    assert (done.exit_code, applied(fake)) == (2, [])
    assert words[0] in done.stderr


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        ((("sources", "x"), ("state", "2" * 64)), "files have changed"),
        ((("sources", "x"), ("state", "x")), "files have changed and something was applied"),
        ((("sources", "1" * 64), ("state", "2" * 64)), "something has changed"),
    ],
)
def test_a_stale_plan_is_refused_and_says_what_changed(fake, pgmg, basis, words):
    pgmg("plan", "--out", "plan.json")
    fake.planned = dataclasses.replace(fake.planned, fingerprint="sha256:" + "cd" * 32, basis=basis)
    done = pgmg("apply", "plan.json")
    assert (done.exit_code, applied(fake)) == (1, [])
    assert "stale" in done.stderr
    assert words in done.stderr


def edits(document, place=""):
    """Every value of a document changed, every key and element taken out, one more element in every list."""
    for key in list(document) if isinstance(document, dict) else range(len(document)):
        here = f"{place}.{key}" if isinstance(key, str) else f"{place}[{key + 1}]"
        here = here.lstrip(".")
        if here in ("inputs", "database.server_version", "risks", "warnings"):
            continue
        kept = document[key]
        if isinstance(kept, dict | list):
            yield from edits(kept, here)
        else:
            document[key] = "edited" if isinstance(kept, str) else 4711
            yield here
        if isinstance(document, dict):
            del document[key]
            yield here
        document[key] = kept
    if isinstance(document, list) and document:
        document.append(document[-1])
        yield f"{place}[{len(document)}]"
        document.pop()


def test_every_edit_of_a_saved_plan_is_refused_and_named(fake, pgmg, here):
    """What was approved is what runs: whatever somebody changed in the file, and whatever it says instead."""
    pgmg("plan", "--out", "plan.json")
    document = json.loads((here / "plan.json").read_text())
    tried = Counter()
    for place in edits(document):
        (here / "plan.json").write_text(json.dumps(document))
        done = pgmg("apply", "plan.json")
        assert (done.exit_code, applied(fake)) == (1, []), place
        tried[place.partition(".")[0].partition("[")[0]] += 1
        if "does not show what would run" in done.stderr:
            assert place.partition(".")[0].partition("[")[0] in done.stderr
    assert tried.keys() >= {"steps", "migrations", "database", "options", "basis", "changes", "fingerprint"}
    assert sum(tried.values()) > 40


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{}", b'{"format": 2, "fingerprint": "x", "steps": []}'])
def test_what_is_no_saved_plan_is_refused(fake, pgmg, here, content):
    (here / "plan.json").write_bytes(content)
    done = pgmg("apply", "plan.json")
    assert (done.exit_code, fake.asked) == (1, [])
    assert "pgmg plan --out" in done.stderr


def test_a_plan_that_is_not_there_is_named(fake, pgmg):
    assert "nowhere.json" in pgmg("apply", "nowhere.json").stderr
