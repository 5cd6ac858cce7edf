"""Executes the tutorials and says which of them print something else than what is saved; --write saves it."""

from __future__ import annotations

import argparse
import sys

import nbformat

from tests.notebooks.running import FOLDER, NOTEBOOKS, executed, read
from tests.notebooks.saved import comparable, still


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK", help=f"of {', '.join(NOTEBOOKS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="save what differs")
    parser.add_argument("--all", action="store_true", help="with --write, save what does not differ as well")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NOTEBOOKS):
        parser.error(f"no such notebook: {', '.join(sorted(unknown))}")
    differing = 0
    for name in options.names or NOTEBOOKS:
        now = still(executed(name))
        same = comparable(now) == comparable(read(name))
        differing += not same
        write = options.write and (options.all or not same)
        if write:
            nbformat.write(now, FOLDER / f"{name}.ipynb")
        print(f"{name}: {'as saved' if same else 'differs'}{', written' if write else ''}", flush=True)
    sys.exit(1 if differing and not options.write else 0)


main()
