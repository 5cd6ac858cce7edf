"""Runs inputs in processes of their own: one that crashes or hangs is reported, and the next one goes on."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.inputs import Input, Kind, made

CPU_SECONDS = 60
"""What one input may take of a processor; only who computes for ever takes more, however busy the machine is."""

SILENCE = 600
"""Seconds without a word after which a process counts as hanging."""


@dataclass(frozen=True)
class Fault:
    """An input that did not end as it should."""

    given: Input
    problem: str


def tried(seed: int, numbers: range, dsn: str, counted: Counter[Kind]) -> Iterator[Fault]:
    """Try inputs one after the other and yield the faults; `counted` counts how many inputs there were of each kind."""
    context = multiprocessing.get_context("spawn")
    at = numbers.start
    while at < numbers.stop:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(seed, range(at, numbers.stop), dsn, theirs))
        worker.start()
        theirs.close()
        problem: str | None = "hangs: it neither ends nor computes"
        while ours.poll(SILENCE):
            try:
                problem = ours.recv()
            except EOFError:
                problem = "?"
                break
            counted[made(seed, at).kind] += 1
            if problem:
                yield Fault(made(seed, at), problem)
            at += 1
        worker.kill() if problem != "?" else None
        worker.join()
        if at < numbers.stop:
            said = (
                problem
                if problem != "?"
                else f"the process ended with {worker.exitcode} (a negative number is a signal)"
            )
            yield Fault(made(seed, at), said or "")
            at += 1


def _work(seed: int, numbers: range, dsn: str, answers: Connection) -> None:
    from tests.fuzz.trial import Trial

    with tempfile.TemporaryDirectory(prefix="pgmg-fuzz-") as folder:
        trial = Trial(Path(folder, "project"), dsn)
        for number in numbers:
            used = resource.getrusage(resource.RUSAGE_SELF)
            limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
            resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))  # SIGXCPU ends the process
            answers.send(_harmed(number) if os.environ.get("PGMG_FUZZ_HARM") else trial.run(made(seed, number)))


def _harmed(number: int) -> str:
    """Stand in for a fault, to test the command itself."""
    if number % 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    return "harmed"
