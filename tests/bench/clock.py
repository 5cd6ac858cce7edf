"""Times processes and pieces of work: medians of several runs, subject and bound by turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_AS_INSTALLED = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as they are where a package is installed."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall; of a process of its own, the most memory in MiB and the seconds of a processor that it took."""

    seconds: float
    memory: float = 0.0
    processor: float = 0.0


def process(command: list[str | Path], folder: Path, **environment: str) -> Cost:
    """Run a program to its end; it has to succeed."""
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        running = subprocess.Popen(
            command, cwd=folder, env={**_AS_INSTALLED, **environment}, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(running.pid, 0)
        seconds = time.perf_counter() - began
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, command))} failed:\n{errors.read().decode(errors='replace')[-2000:]}")
    memory = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return Cost(seconds, memory, usage.ru_utime + usage.ru_stime)


def work(does: Callable[[], object]) -> Cost:
    """Time a call."""
    began = time.perf_counter()
    does()
    return Cost(time.perf_counter() - began)


def median(costs: list[Cost]) -> Cost:
    """Return the middle of several runs, each figure for itself."""
    figures = ([getattr(cost, name) for cost in costs] for name in ("seconds", "memory", "processor"))
    return Cost(*map(statistics.median, figures))


def by_turns(runs: int, subject: Callable[[], Cost], bound: Callable[[], Cost]) -> tuple[Cost, Cost]:
    """Measure both `runs` times, alternating, so that a busy moment of the machine hits both."""
    pairs = [(subject(), bound()) for _ in range(runs)]
    return median([s for s, _ in pairs]), median([b for _, b in pairs])
