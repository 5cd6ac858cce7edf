"""Prints what a reader of a notebook waits for: a table of figures, each with the promise that it has to keep."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import SECONDS
from tests.browser.speed import figures

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser", description=__doc__)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3, help="medians of so many")
    options = parser.parse_args()
    program = os.environ.get("PGMG_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    expect.set_options(timeout=SECONDS * 1000)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="pgmg-speed-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        print(f"{'':72} {'measured':>8} {'wanted':>8}")
        for figure in figures(browser, Path(folder), options.objects, options.runs):
            missed += not figure.kept
            print(figure, flush=True)
        browser.close()
    print(f"{missed} missed." if missed else "All kept.")
    sys.exit(1 if missed else 0)


main()
