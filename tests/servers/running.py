"""Runs a server with nothing worth keeping, on a Unix socket, for as long as a `with` statement lasts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pgmg.catalog.servers import server_programs
from tests.conftest import THROW_AWAY, quick_folder
from tests.servers.programs import Programs

SETTINGS = {
    **THROW_AWAY,
    "jit": "off",
    "listen_addresses": "",
    "log_min_messages": "fatal",  # what tests provoke is not the server's trouble
    "max_locks_per_transaction": "256",
}
PATIENCE = 60  # seconds that a start or a stop may take


class NotStartedError(Exception):
    """The server ended at once, or was not ready in time."""


@contextmanager
def running(programs: Programs, primary: str | None = None, **settings: str) -> Iterator[str]:
    """Make a data folder, start a server on it and yield its connection string; stop it and remove all afterwards.

    With `primary`, the connection string of another server, it is a hot standby of that one. `settings` are added to ours.
    """
    folder = Path(tempfile.mkdtemp(prefix="pgmg-server-", dir=quick_folder()))
    try:
        data = folder / "data"
        user = server_programs._system_user(data)
        for path in (data, programs.folder / "postgres"):
            server_programs._allow_traversal(path, user)
        data.mkdir(mode=0o700)
        if user:
            os.chown(data, user.uid, user.gid)
        conditions = server_programs._conditions(data, user)
        if primary is None:
            # one locale on every version: the built-in ones begin with 17, and the machine's differ
            words = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
            server_programs._run(
                [programs.folder / "initdb", "-D", data, "-U", server_programs.ROLE, *words], **conditions
            )
        else:
            words = ["--checkpoint=fast", "--no-sync", "--write-recovery-conf"]
            server_programs._run([programs.folder / "pg_basebackup", "-D", data, "-d", primary, *words], **conditions)
        socket = server_programs._socket_directory(data, user)
        options = server_programs._as_options({**SETTINGS, "unix_socket_directories": str(socket), **settings})
        command = [programs.folder / "postgres", "-D", data, *options]
        with (folder / "log").open("wb") as log:
            # in a session of its own: a Ctrl-C is for us, who then stop it
            server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **conditions
            )
        try:
            yield _ready(server, data, folder / "log")
        finally:
            server.send_signal(signal.SIGINT)  # ends sessions that are still there
            server.wait(PATIENCE)
            server_programs.forget(server_programs.ServerAddress(str(socket), 0, 0, str(data)))
    finally:
        shutil.rmtree(folder)


def _ready(server: subprocess.Popen[bytes], data: Path, log: Path) -> str:
    """Wait until the server says that it is ready; return where."""
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        if address := server_programs.read_address(data):
            return address.dsn("postgres")
        time.sleep(0.02)
    raise NotStartedError(log.read_text(errors="replace").strip() or f"it is not ready within {PATIENCE} seconds")
