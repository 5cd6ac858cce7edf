"""Every folder under `cases/` is a behaviour: a project before, what is done by hand, the project after, the plan.

    cases/NAME/before/      migrations/ and sql/, applied to an empty database
               hand.sql     then run by hand, statement by statement as psql would
               after/       files laid over those of before; `deleted.txt` names files that are gone, a line each
               expected.txt the steps of the plan, `action object` a line each; `error: words` where it must fail
               kept.sql     what of hand.sql is still to be there afterwards (without the file: all of it)
               case.toml    options of the plan: recreate, drop_unmanaged, rewrite_tables; `pg` for server versions,
                            `search_path` for that of the project

The oracle: the plan's steps are the expected ones, planning again is empty, and pg_dump says the same as of a
database built from the project after plus what was kept. Where the plan must fail, nothing may have changed.

PGMG_CASES=2/3 runs the second third of the cases.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import psycopg
import pytest

import pgmg
from tests.oracle import differences, dump

PART, PARTS = map(int, os.environ.get("PGMG_CASES", "1/1").split("/"))
CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())[PART - 1 :: PARTS]


@pytest.fixture(scope="module", autouse=True)
def _roles(server) -> None:
    """Create the roles of the cases, unless another worker has done so: roles belong to the server, not to a database.

    A plan in which a migration creates a role is another one where that role exists, and workers share their server.
    """
    for role in ("pgmg_test_owner", "pgmg_test_reader"):
        make = f"CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
        server.admin.execute(f"DO $$ BEGIN {make} END $$")


def lay(case: Path, *layers: str, into: Path) -> Path:
    into.mkdir()
    for layer in layers:
        if (case / layer).is_dir():
            shutil.copytree(case / layer, into, dirs_exist_ok=True)
        listed = into / "deleted.txt"
        if listed.exists():
            for line in listed.read_text().split():
                (into / line).unlink()
            listed.unlink()
    for folder in ("migrations", "sql"):
        (into / folder).mkdir(exist_ok=True)
    (into / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\n')
    return into


def run(dsn: str, file: Path) -> None:
    if file.exists():
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(file.read_bytes())


def _steps(plan: pgmg.Plan) -> list[str]:
    return [f"{step.action} {step.object}" for step in plan.steps]


def bring(root: Path, dsn: str, options: pgmg.PlanOptions | None, **overrides) -> list[str]:
    with pgmg.Project.open(root, connection_string=dsn, **overrides) as project:
        plan = project.plan(options)
        project.apply(plan, yes=True)
        return _steps(plan)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case, server, database, tmp_path):
    """The case does what its folder says."""
    described = tomllib.loads((case / "case.toml").read_text()) if (case / "case.toml").exists() else {}
    if server.major < described.pop("pg", 0):
        pytest.skip(f"only for newer servers than PostgreSQL {server.major}")
    if "recreate" in described:
        described["recreate"] = pgmg.Recreate(described["recreate"])
    overrides = {"search_path": described.pop("search_path")} if "search_path" in described else {}
    options = pgmg.PlanOptions(**described)
    expected = (case / "expected.txt").read_text().strip()
    bring(lay(case, "before", into=tmp_path / "before"), database, pgmg.PlanOptions(), **overrides)
    run(database, case / "hand.sql")
    after = lay(case, "before", "after", into=tmp_path / "after")

    if expected.startswith("error:"):
        before = dump(database)
        with pytest.raises(pgmg.PgmgError) as caught:
            bring(after, database, options, **overrides)
        for words in expected.removeprefix("error:").strip().split("\n"):
            assert words.strip() in str(caught.value)
        assert differences(before, dump(database)) == []
        return

    assert "\n".join(bring(after, database, options, **overrides)) == expected
    with pgmg.Project.open(after, connection_string=database, **overrides) as project:
        assert _steps(project.plan(options)) == []
    fresh = server.create()
    try:
        bring(lay(case, "before", "after", into=tmp_path / "fresh"), fresh, pgmg.PlanOptions(), **overrides)
        run(fresh, case / "kept.sql" if (case / "kept.sql").exists() else case / "hand.sql")
        assert "\n\n".join(differences(dump(fresh), dump(database))) == ""
    finally:
        server.drop(fresh)
