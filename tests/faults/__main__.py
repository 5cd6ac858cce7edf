"""Breaks an apply at message boundaries and prints a table of the outcomes; ends in failure if one is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psycopg
from psycopg import conninfo

from pgmg.catalog.servers import embedded
from tests.conftest import quick_folder
from tests.faults.proxy import Harm
from tests.faults.trial import Outcome, prepare, tried

_STATES = ("before", "between groups", "within a migration", "after")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th boundary")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="begin with this one")
    parser.add_argument("--harm", type=Harm, action="append", choices=list(Harm), help="default: all")
    options = parser.parse_args()
    outcomes: dict[Harm, list[Outcome]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="pgmg-faults-", dir=quick_folder()) as folder,
        embedded.acquire(Path(folder, ".pgmg")) as server,
    ):
        with psycopg.connect(server.dsn, autocommit=True) as admin:
            admin.execute("CREATE DATABASE pgmg_faults")
        root = Path(folder, "project")
        root.mkdir()
        wanted = prepare(root, conninfo.make_conninfo(server.dsn, dbname="pgmg_faults"))
        print(f"{wanted.boundaries} boundaries", flush=True)
        for harm in options.harm or list(Harm):
            outcomes[harm] = []
            for at in range(options.first, wanted.boundaries, options.every):
                outcome = tried(wanted, harm, at)
                outcomes[harm].append(outcome)
                if outcome.found:
                    print(
                        f"{harm} at {at}, before {outcome.before}, left: {outcome.state}\n{outcome.found}", flush=True
                    )
    sys.exit(_table(outcomes))


def _table(outcomes: dict[Harm, list[Outcome]]) -> int:
    """Print a line for each harm; return how many outcomes are wrong."""
    print(f"\n{'harm':<10}{'tried':>7}" + "".join(f"{state:>20}" for state in _STATES) + f"{'asked':>8}{'wrong':>8}")
    for harm, these in outcomes.items():
        states = Counter(outcome.state for outcome in these if outcome.happened)
        asked, wrong = sum(outcome.asked for outcome in these), sum(bool(outcome.found) for outcome in these)
        happened = sum(states.values())
        print(
            f"{harm:<10}{happened:>7}" + "".join(f"{states[state]:>20}" for state in _STATES) + f"{asked:>8}{wrong:>8}"
        )
    return sum(bool(outcome.found) for these in outcomes.values() for outcome in these)


main()
