"""Builds wheel and sdist, installs each in a fresh environment outside of the checkout, and plans and applies there.

It downloads packages. Without extras there is no server in them: an embedded one of this environment is the server.
With `--lowest` the wheel is installed a third time, with the extras and the lowest version of each dependency that
`pyproject.toml` allows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from email.parser import Parser
from pathlib import Path, PurePosixPath

from pgmg.catalog.servers import embedded

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "pgmg_magic" / "pgmg"
WANTED = {"Name": "pgmg", "License-Expression": "MIT", "Requires-Python": ">=3.11"}
CLASSIFIERS = ("Development Status", "Framework", "Intended Audience", "Operating System", "Topic", "Typing :: Typed")
_ALL = """
import importlib, pkgutil, pgmg
for module in pkgutil.walk_packages(pgmg.__path__, "pgmg."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.package", description=__doc__)
    parser.add_argument("--lowest", action="store_true", help="also with the lowest versions of the dependencies")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgmg-package-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _run(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT, quiet=True)
        (wheel,) = (folder / "dist").glob("*.whl")
        (sdist,) = (folder / "dist").glob("*.tar.gz")
        _check_wheel(wheel)
        _check_sdist(sdist)
        with embedded.acquire(folder / "server") as server:
            for number, package in enumerate((wheel, sdist)):
                _use(package, folder / f"user{number}", server.dsn)
            if options.lowest:
                _use(wheel, folder / "lowest", server.dsn, _lowest())
    print("All is well.")


def _check_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = {PurePosixPath(name) for name in opened.namelist()}
        (about,) = (name for name in names if name.name == "METADATA")
        metadata = Parser().parsestr(opened.read(str(about)).decode())
    inside = {name.relative_to("pgmg") for name in names if name.parts[0] == "pgmg"}
    here = {path.relative_to(SOURCE) for path in SOURCE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert inside == {PurePosixPath(path) for path in here}, sorted(map(str, inside ^ here))
    assert PurePosixPath("py.typed") in inside
    assert any(name.match("*.dist-info/licenses/LICENSE") for name in names)
    assert {name for name in names if name.parts[0] != "pgmg"} == {
        name for name in names if name.parts[0].endswith(".dist-info")
    }
    for key, value in WANTED.items():
        assert metadata[key] == value, f"{key}: {metadata[key]}"
    for key in ("Version", "Summary", "Keywords", "Description-Content-Type", "License-File"):
        assert metadata[key], key
    said = metadata.get_all("Classifier", [])
    assert all(any(one.startswith(wanted) for one in said) for wanted in CLASSIFIERS), said
    assert metadata.get_payload().startswith("# pgmg")
    print(f"{wheel.name}: {len(inside)} files, {len(said)} classifiers")


def _check_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as opened:
        names = {PurePosixPath(*PurePosixPath(name).parts[1:]) for name in opened.getnames()}
    wanted = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "tests/conftest.py", "notebooks/playground.py")
    assert not [one for one in wanted if PurePosixPath(one) not in names]
    stray = [str(name) for name in names if {".git", ".venv", ".pgmg", "__pycache__"} & set(name.parts)]
    assert not stray, stray
    print(f"{sdist.name}: {len(names)} files")


def _lowest() -> list[str]:
    """Return each dependency, and those of the extras for users, with its lowest version: `click==8.1.7`."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = about["optional-dependencies"]
    return [one.replace(">=", "==") for one in (*about["dependencies"], *extras["embedded"], *extras["graph"])]


def _use(package: Path, home: Path, dsn: str, wanted: Sequence[str] = ()) -> None:
    """Install a package without extras, and make, plan, apply and change a small project with it.

    `wanted` are dependencies with their versions; all commands and magics are loaded then, too.
    """
    print(f"{package.name}, {'lowest versions' if wanted else 'without extras'}")
    _run(sys.executable, "-m", "venv", home / "environment", quiet=True)
    python, pgmg = home / "environment" / "bin" / "python", home / "environment" / "bin" / "pgmg"
    _run(python, "-m", "pip", "install", "--quiet", package, *wanted)
    if wanted:
        _run(pgmg, "demo", home / "demo", "--no-keep", quiet=True)
        _run(python, "-c", _ALL, quiet=True)
    version = _run(pgmg, "--version", cwd=home)
    assert version == _run(python, "-m", "pgmg", "--version", cwd=home)
    place = _run(python, "-c", "import pgmg; print(pgmg.__file__)", cwd=home)
    assert str(home) in place, place
    project = home / "project"
    project.mkdir()
    _run(pgmg, "init", cwd=project)
    (project / "migrations" / "001_users.sql").write_text("CREATE TABLE users (id int PRIMARY KEY, age int);\n")
    (project / "sql" / "adults.sql").write_text("CREATE VIEW adults AS SELECT id, age FROM users WHERE age > 17;\n")
    options = ("--connection-string", dsn)
    assert "2. CREATE VIEW adults" in _run(pgmg, "plan", *options, cwd=project)
    assert "successfully" in _run(pgmg, "apply", *options, cwd=project)
    (project / "migrations" / "002_age.sql").write_text("ALTER TABLE users ALTER age TYPE bigint;\n")
    assert "1. DROP VIEW adults" in _run(pgmg, "plan", *options, cwd=project)
    assert "successfully" in _run(pgmg, "apply", *options, cwd=project)
    assert "No changes." in _run(pgmg, "plan", *options, cwd=project)
    _run(pgmg, "reset", "--all", "--yes", *options, cwd=project)


def _run(*words: str | Path, cwd: Path | None = None, quiet: bool = False) -> str:
    print("$", *(Path(word).name if Path(word).is_absolute() else word for word in words), flush=True)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PGMG_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(words, cwd=cwd, env=kept, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nexit code {done.returncode}")
    if not quiet:
        print(done.stdout, end="", flush=True)
    return done.stdout


main()
