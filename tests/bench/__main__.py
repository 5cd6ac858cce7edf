"""Prints the table: what was measured, the bound from the same run, their ratio, and the ratio wanted."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from pgmg.catalog.servers import embedded
from tests.bench.measures import MEASURES, Bench


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)} (default: all)")
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--factor", type=int, default=10, help="how many times larger the large project is")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--round-trip", type=float, default=20, metavar="MS", help="of the slow link")
    parser.add_argument("--dsn", help="a server to measure on (default: an embedded one)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    missed = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pgmg-bench-")))
        dsn = options.dsn or stack.enter_context(embedded.acquire(folder / ".pgmg")).dsn
        bench = Bench(folder, dsn, options.objects, options.factor, options.runs, options.round_trip)
        print(f"{'':64} {'measured':>10} {'bound':>10} {'ratio':>7} {'wanted':>7}")
        for name in options.names or MEASURES:
            for row in MEASURES[name](bench):
                missed += not row.kept
                print(row, flush=True)
    print(f"{missed} missed." if missed else "All kept.")
    sys.exit(1 if missed else 0)


main()
