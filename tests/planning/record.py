"""Records what the planner is told by the server, and what it plans, for the cases of `tests/cases`.

    python -m tests.planning.record [CASE …]

Without names all cases are recorded anew; with names only these. Needs PostgreSQL's server programs.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psycopg

import pgmg
from pgmg.catalog.servers import embedded
from tests.conftest import THROW_AWAY, Server
from tests.planning import recording
from tests.test_cases import CASES, bring, lay, run

_DATABASE = re.compile(r"pgmg_test_[0-9a-f]{12}")


def record(case, dsn):
    """Return the recording of one case, or None for one that this server does not run or that is refused."""
    described = tomllib.loads((case / "case.toml").read_text()) if (case / "case.toml").exists() else {}
    if (case / "expected.txt").read_text().startswith("error:"):
        return None
    with psycopg.connect(dsn, autocommit=True) as admin:
        server = Server(dsn, admin.info.server_version // 10000, admin)
        if server.major < described.pop("pg", 0):
            return None
        overrides = {"search_path": described.pop("search_path")} if "search_path" in described else {}
        if "recreate" in described:
            described["recreate"] = pgmg.Recreate(described["recreate"])
        attempts, shared = [], {}
        database = server.create()
        try:
            with tempfile.TemporaryDirectory() as folder:
                bring(lay(case, "before", into=Path(folder) / "before"), database, pgmg.PlanOptions(), **overrides)
                run(database, case / "hand.sql")
                after = lay(case, "before", "after", into=Path(folder) / "after")
                with recording.recording(attempts, shared):
                    bring(after, database, pgmg.PlanOptions(**described), **overrides)
        finally:
            server.drop(database)
    different = list({json.dumps(attempt, sort_keys=True): attempt for attempt in attempts}.values())
    found = {"hash": recording.case_hash(case), "overrides": overrides, "attempts": different, "shared": shared}
    return json.loads(_DATABASE.sub("pgmg_test", json.dumps(found)))


def main(names):
    """Record and write."""
    chosen = [case for case in CASES if not names or case.name in names]
    recorded = recording.load() if names and recording.FILE.exists() else {"cases": {}, "shared": {}}
    with tempfile.TemporaryDirectory() as folder:
        held = embedded.acquire(Path(folder), settings=THROW_AWAY)
        try:
            with ProcessPoolExecutor(3) as pool:
                waited = {case.name: pool.submit(record, case, held.dsn) for case in chosen}
                for name, found in waited.items():
                    result = _result(name, found)
                    if result is None:
                        recorded["cases"].pop(name, None)
                        continue
                    recorded["shared"] |= result.pop("shared")
                    recorded["cases"][name] = result
        finally:
            held.release()
    recording.save(recorded)
    sys.stdout.write(f"{len(recorded['cases'])} cases, {recording.FILE.stat().st_size} bytes\n")


def _result(name, found):
    try:
        return found.result()
    except Exception as error:  # one case that cannot be recorded does not end the others
        sys.stderr.write(f"{name} is not recorded: {error!r}\n")
        return None


if __name__ == "__main__":
    main(sys.argv[1:])
