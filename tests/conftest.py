"""What every test shares: a server for the session, a database for each test, a project folder around it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import conninfo, sql

from pgmg.catalog.servers import embedded, server_programs
from pgmg.errors import EmbeddedServerError

hypothesis_settings.register_profile("busy", deadline=None)  # a machine that is busy is no failure
hypothesis_settings.load_profile("busy")

THROW_AWAY = {  # nothing in the session's server is worth keeping
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "256MB",
    "max_connections": "200",
}
FOLDER = pytest.StashKey[Path]()
MEMORY = Path("/dev/shm")
ENOUGH = 2 << 30  # bytes: a few databases, and what the server logs
ONLY_FOR = "only for "  # begins the reason of a skip that is no lack: another server or user would be needed


def quick_folder() -> str | None:
    """Where a server's files are quickest: in memory, if there is room; None is where temporary files are otherwise.

    To create a database costs a tenth of what it costs on a disk.
    """
    return str(MEMORY) if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH else None


# --- options


def pytest_addoption(parser):
    group = parser.getgroup("pgmg")
    group.addoption(
        "--dsn",
        default=os.environ.get("PGMG_TEST_URL"),
        help="a server to test on, with a role that may create databases (default: PGMG_TEST_URL, else embedded)",
    )
    group.addoption(
        "--no-skips",
        action="store_true",
        default=os.environ.get("PGMG_CI") == "1",
        help=f"a skipped test fails the run, unless its reason begins with {ONLY_FOR!r} (default with PGMG_CI=1)",
    )


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="pgmg-tests-", dir=quick_folder()))
    else:
        config.stash[FOLDER] = Path(config.workerinput["pgmg_folder"])
    os.environ.setdefault("PGMG_CACHE_DIR", str(config.stash[FOLDER] / "cache"))  # not the user's own


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["pgmg_folder"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[FOLDER])


def _forbidden_skips(config):
    if not config.option.no_skips or hasattr(config, "workerinput"):
        return []
    reports = config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped", [])
    return [report for report in reports if f"Skipped: {ONLY_FOR}" not in str(report.longrepr)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if session.exitstatus == pytest.ExitCode.OK and _forbidden_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if skipped := _forbidden_skips(config):
        terminalreporter.section("skips are failures here", red=True)
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {report.longrepr[2]}", red=True)


# --- the server and its databases


@dataclass(frozen=True)
class Server:
    """`dsn` leads to a database from which others may be created and dropped."""

    dsn: str
    major: int
    admin: psycopg.Connection

    @cached_property
    def copies_files(self) -> bool:
        """Whether it is quicker to copy files than to log them: it is where nothing has to reach a disk."""
        row = self.admin.execute("SHOW fsync").fetchone()
        return row == ("off",) and self.major >= 15

    def create(self) -> str:
        """Return the connection string of a new, empty database."""
        name = f"pgmg_test_{uuid.uuid4().hex[:12]}"
        # template0: nobody is ever connected to it, so that many may copy it at once
        how = "CREATE DATABASE {} TEMPLATE template0" + (" STRATEGY file_copy" if self.copies_files else "")
        self.admin.execute(sql.SQL(how).format(sql.Identifier(name)))
        return conninfo.make_conninfo(self.dsn, dbname=name)

    def drop(self, dsn: str) -> None:
        name = conninfo.conninfo_to_dict(dsn)["dbname"]
        self.admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def server(request):
    """The server of this session: --dsn or PGMG_TEST_URL, else one embedded server shared by all workers."""
    held = None
    dsn = request.config.option.dsn
    if not dsn:
        try:
            held = embedded.acquire(request.config.stash[FOLDER], settings=THROW_AWAY)
        except EmbeddedServerError as error:
            if "not installed" not in str(error):
                raise
            pytest.skip(f"no server: {error}")
        dsn = held.dsn
    with psycopg.connect(dsn, autocommit=True) as admin:
        yield Server(dsn, admin.info.server_version // 10000, admin)
    if held:
        held.release()


@pytest.fixture
def database(server):
    """The connection string of a database of the test's own."""
    dsn = server.create()
    yield dsn
    server.drop(dsn)


@pytest.fixture(autouse=True)
def _hears_interrupts():
    """Let programs that a test starts hear SIGINT: they inherit that it is ignored.

    A shell lets its background programs ignore it, and so does the kernel application of an earlier test.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _fits(request):
    """Skip what `@pytest.mark.pg(">= 16")` says is for other versions."""
    for marker in request.node.iter_markers("pg"):
        (condition,) = marker.args
        operator, number = re.fullmatch(r"\s*(>=|<=|==|!=|>|<)\s*(\d+)\s*", condition).groups()
        major, wanted = request.getfixturevalue("server").major, int(number)
        fits = {
            ">=": major >= wanted,
            "<=": major <= wanted,
            "==": major == wanted,
            "!=": major != wanted,
            ">": major > wanted,
            "<": major < wanted,
        }
        if not fits[operator]:
            pytest.skip(f"{ONLY_FOR}PostgreSQL {condition}, this is {major}")


# --- a project around a database


class Case:
    """A project folder, a database of its own, and pgmg between them, in this process."""

    def __init__(self, root: Path, dsn: str) -> None:
        self.root, self.dsn = root, dsn
        (root / "migrations").mkdir()
        (root / "sql").mkdir()
        (root / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\n')

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def open(self, **overrides):
        """The project, to be used in a `with` statement."""
        import pgmg

        return pgmg.Project.open(self.root, **{"connection_string": self.dsn, **overrides})

    def plan(self, **options):
        """A plan; `options` are those of PlanOptions."""
        from pgmg.model.plans.plan import PlanOptions

        with self.open() as project:
            return project.plan(PlanOptions(**options))

    def apply(self, **options):
        """Plan and apply; `options` are those of PlanOptions."""
        from pgmg.model.plans.plan import PlanOptions

        with self.open() as project:
            return project.apply(options=PlanOptions(**options))

    def settled(self) -> None:
        """Nothing is left to do."""
        assert [step.sql for step in self.plan().steps] == []

    def rows(self, query: str, *parameters):
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(query, parameters or None).fetchall()

    def value(self, query: str, *parameters):
        found = self.rows(query, *parameters)
        return found[0][0] if found else None

    def do(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def dump(self, *options: str) -> str:
        """What pg_dump says of the database, without pgmg's own tables and what differs from run to run."""
        installed = server_programs.programs()
        command = [installed[max(installed)] / "pg_dump", "--exclude-table=*pgmg_*", *options, f"--dbname={self.dsn}"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("--", "\\")))


@pytest.fixture
def project(tmp_path, database) -> Case:
    """A new project and its empty database."""
    return Case(tmp_path, database)
