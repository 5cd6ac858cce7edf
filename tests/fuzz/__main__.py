"""Tries broken inputs and prints the faults, with what reproduces them; ends in failure if there is one."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pgmg.catalog.servers import embedded
from tests.conftest import quick_folder
from tests.fuzz.inputs import Kind, made
from tests.fuzz.running import tried


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", type=int, metavar="N", help="this input alone; its content is printed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--dsn", help="a server (default: an embedded one)")
    options = parser.parse_args()
    numbers = range(options.inputs) if options.only is None else range(options.only, options.only + 1)
    if options.only is not None:
        sys.stdout.buffer.write(made(options.seed, options.only).data + b"\n")
    counted: Counter[Kind] = Counter()
    faults = 0
    with (
        tempfile.TemporaryDirectory(prefix="pgmg-fuzz-", dir=quick_folder()) as folder,
        embedded.acquire(Path(folder, ".pgmg")) as server,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        size = -(-len(numbers) // options.jobs)
        parts = [range(start, min(start + size, numbers.stop)) for start in range(numbers.start, numbers.stop, size)]
        dsn = options.dsn or server.dsn
        for found in pool.map(lambda part: list(tried(options.seed, part, dsn, counted)), parts):
            for fault in found:
                faults += 1
                where = f"--seed {options.seed} --only {fault.given.number}"
                print(f"\n{where}: {fault.given.kind.value}: {fault.problem}", flush=True)
    print(
        f"seed {options.seed}: {', '.join(f'{number} of {kind.value}' for kind, number in sorted(counted.items(), key=str))}"
    )
    print(f"{sum(counted.values())} inputs, {faults} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
