"""Builds a label provider for a server, where its headers and a C compiler are on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from pgmg.catalog.servers import server_programs

SOURCE = Path(__file__).with_suffix(".c")
HEADERS = "PGMG_SERVER_HEADERS"
"""Names a folder with one folder of headers for each major version: 15/server, 17/server …"""


def build(major: int, folder: Path) -> Path | None:
    """Return the shared library for servers of a major version; None where it cannot be built here."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    headers = next((path for path in _headers(major) if (path / "commands" / "seclabel.h").exists()), None)
    if compiler is None or headers is None:
        return None
    folder.chmod(0o755)  # the server may run as another user
    library = folder / f"label_provider_{major}.so"
    if not library.exists():
        made = library.with_suffix(f".{os.getpid()}")
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-I", headers, "-o", made, SOURCE], check=True, capture_output=True
        )
        made.chmod(0o755)
        made.rename(library)
    return library


def _headers(major: int) -> list[Path]:
    found = [Path(f"/usr/include/postgresql/{major}/server")]
    if chosen := os.environ.get(HEADERS):
        found.insert(0, Path(chosen) / str(major) / "server")
    programs = server_programs.programs().get(major)
    if programs is not None:
        found.append(programs.parent / "include" / "postgresql" / "server")
    return found
