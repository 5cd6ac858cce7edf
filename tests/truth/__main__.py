"""Checks as many random cases as asked for: `python -m tests.truth rows --cases 5000`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import psycopg

from pgmg.catalog.servers import embedded
from tests.conftest import THROW_AWAY, Server
from tests.truth.outcome import Outcome
from tests.truth.running import CHECKS

SHARD = 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("check", choices=[*CHECKS, "all"])
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=100_000, help="where the cases begin")
    parser.add_argument(
        "--dsn", default=os.environ.get("PGMG_TEST_URL"), help="a server to use (default: an embedded one)"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pgmg-truth-"))
    held = None if options.dsn else embedded.acquire(folder, settings=THROW_AWAY)
    dsn = options.dsn or held.dsn
    try:
        with psycopg.connect(dsn, autocommit=True) as admin:
            server = Server(dsn, admin.info.server_version // 10000, admin)
            wrong = 0
            for name in CHECKS if options.check == "all" else [options.check]:
                wrong += len(run(server, name, options.seed, options.cases).wrong)
    finally:
        if held:
            held.release()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


def run(server: Server, name: str, seed: int, cases: int) -> Outcome:
    """Run shards of cases until there are enough; say how far it is, and everything that is wrong at once."""
    total = Outcome()
    while total.cases < cases:
        outcome = CHECKS[name](server, seed, min(SHARD, cases - total.cases))
        for one in outcome.wrong:
            print(f"\nwrong, {name} seed {seed}:", *one, sep="\n", flush=True)
        total.add(outcome)
        print(f"\r{name}: {total}", end="", flush=True)
        seed += 1000
    print()
    for reason, number in total.unknown.most_common():
        print(f"  {number:,} not told: {reason}")
    return total


if __name__ == "__main__":
    sys.exit(main())
