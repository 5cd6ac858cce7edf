"""Tells whose a data folder is, and whether a server that pgmg did not start here has to do with it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.catalog.servers.server_programs import ServerAddress, read_address
from pgmg.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_before_start(data: Path) -> None:
    """See that a server may be started on a data folder, which need not be there. The caller holds the locks.

    Raises:
        EmbeddedServerError: a server runs on it already, or would write into it, or its files are another folder's.
    """
    if (data / "PG_VERSION").exists():
        if (data / "PG_VERSION").stat().st_nlink > 1:
            raise EmbeddedServerError(
                f"The files of {data} are hard links: another folder has the very same ones.",
                hint="Make a real copy (`cp -r`), or remove the folder; a new one is made on demand.",
            )
        _refuse_foreign_server(data)
    _refuse_moved_server(data)


def is_named_by(address: ServerAddress, data: Path) -> bool:
    """Say whether a server was started on this very data folder, whatever ways lead to it."""
    try:
        return Path(address.data).samefile(data)
    except OSError:
        return False


def _refuse_foreign_server(data: Path) -> None:
    """Raise if a server runs on a data folder that pgmg did not start: two on one folder would destroy it.

    Raises:
        EmbeddedServerError: one does.
    """
    address = read_address(data)
    if address is None or not is_named_by(address, data) or address.listener() is None:
        return
    raise EmbeddedServerError(
        f"A PostgreSQL server that pgmg did not start (process {address.pid}) runs on {data}.",
        hint=f"End it: kill -INT {address.pid}",
    )


def _refuse_moved_server(data: Path) -> None:
    """See that no server of a folder that lay here before still runs: it writes its control file by this path.

    One whose folder was removed is ended: it would end by itself within a minute.

    Raises:
        EmbeddedServerError: the folder of one was moved.
    """
    for pid, words in _processes():
        if "-D" in words[:-1] and words[words.index("-D") + 1] == str(data) and Path(words[0]).name == "postgres":
            if _is_without_folder(pid):
                _end(pid)
                continue
            raise EmbeddedServerError(
                f"A server was started on {data} before that folder was moved away, and runs still (process {pid}).",
                hint=f"It would write into the new folder. End it: kill -QUIT {pid}",
            )


def _is_without_folder(pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd").endswith(" (deleted)")  # noqa: PTH115 - no Path of such a link
    except FileNotFoundError:
        return True  # it has just ended
    except OSError:
        return False


def _end(pid: int) -> None:
    """End a server at once, and wait for that."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGQUIT)
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.01)


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Yield the processes that can be seen, with their command lines; none where the system does not show them so."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            continue
        yield int(folder.name), [os.fsdecode(word) for word in words]


def copied_from(data: Path) -> str | None:
    """Return the data folder that this one was copied from while a server ran there; None where it was not."""
    address = read_address(data)
    if address is None or is_named_by(address, data) or not Path(address.data).exists():
        return None
    return address.data
