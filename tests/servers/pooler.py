"""Runs PgBouncer in front of a server, on the loopback interface, for as long as a `with` statement lasts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import conninfo

from pgmg.catalog.servers import server_programs

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PATIENCE = 60.0  # seconds until it takes connections


@contextmanager
def pgbouncer(dsn: str, mode: str, size: int = 5) -> Iterator[str]:
    """Yield the connection string of the same database behind PgBouncer, in a pool of `size` server connections."""
    assert PROGRAM is not None
    with psycopg.connect(dsn) as conn:
        about = {"host": conn.info.host, "port": conn.info.port, "user": conn.info.user, "password": conn.info.password}
        name = conn.info.dbname
    server = " ".join(f"{key}={value}" for key, value in about.items() if value)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="pgmg-pooler-"))
    try:
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": mode,
            "default_pool_size": size,
            "max_client_conn": 500,
            "ignore_startup_parameters": "extra_float_digits",
            "logfile": folder / "log",
        }
        text = f"[databases]\n* = {server}\n[pgbouncer]\n" + "".join(
            f"{key} = {value}\n" for key, value in settings.items()
        )
        (folder / "pgbouncer.ini").write_text(text)
        user = server_programs._system_user(folder)  # PgBouncer refuses to be root
        run_as = {"user": user.uid, "group": user.gid, "extra_groups": ()} if user else {}
        if user:
            for path in (folder, folder / "pgbouncer.ini"):
                os.chown(path, user.uid, user.gid)
        process = subprocess.Popen([PROGRAM, "-q", folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL, **run_as)
        try:
            _wait(process, port, folder / "log")
            yield conninfo.make_conninfo(host="127.0.0.1", port=port, user=about["user"], dbname=name)
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(log.read_text() if log.exists() else "pgbouncer does not start")
