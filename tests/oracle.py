"""The oracle of every applying test: what pg_dump says of a database, in a form that two databases can share."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import psycopg
from psycopg import conninfo

import pgmg
from pgmg.catalog.servers import server_programs

_HEADER = re.compile(
    r"^-- (?:Data for )?Name: (.*?); Type: (.*?); Schema: (.*?); Owner: ?(.*?)(?:; Tablespace: .*?)?$", re.MULTILINE
)
_SERVERS_OWN = re.compile(
    r"^ALTER .* ALTER COLUMN .* SET \(pg_attver=\d+\);$|pg_attver=\d+, |, pg_attver=\d+", re.MULTILINE
)
"""An option that Debian's PostgreSQL 15.20 writes for itself into the columns of every relation."""
_OURS = re.compile(r"\bpgmg_(?!test)\w+")


@cache
def find_pg_dump(major: int) -> Path:
    """A pg_dump that is not older than the server: the embedded server's, or the one on the PATH."""
    installed = server_programs.programs()
    folders = [installed[max(installed)]] if installed else []
    for folder in [*folders, None]:
        found = shutil.which("pg_dump", path=folder)
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else ""
        if found and int(re.search(r"(\d+)", said).group(1)) >= major:
            return Path(found)
    raise LookupError(f"no pg_dump for PostgreSQL {major}")


def pg_dump(dsn: str, *options: str) -> str:
    """What pg_dump writes of a database."""
    with psycopg.connect(dsn) as conn:
        major = conn.info.server_version // 10000
    known = conninfo.conninfo_to_dict(dsn)
    name = known.pop("dbname")
    environment = {
        **os.environ,
        **{
            f"PG{key.upper()}": str(value)
            for key, value in known.items()
            if key in ("host", "port", "user", "password")
        },
    }
    command = [find_pg_dump(major), *options, "--dbname", name]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def dump(dsn: str, *, rows: bool = False) -> dict[str, str]:
    """Every object of a database as pg_dump writes it, by `TYPE schema.name`; pgmg's own tables left out."""
    text = pg_dump(dsn, *(() if rows else ("--schema-only",)), "--quote-all-identifiers")
    entries: dict[str, list[str]] = {}
    marks = list(_HEADER.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else len(text)]
        body = re.sub(
            r"^(--|SET default_|\\(un)?restrict|SELECT pg_catalog\.set_config).*$", "", body, flags=re.MULTILINE
        )
        key = f"{mark.group(2)} {mark.group(3)}.{mark.group(1)}"
        if not _OURS.search(key):
            entries.setdefault(key, []).append(_normal(mark.group(2), body))
    return {key: "\n".join(sorted(parts)) for key, parts in sorted(entries.items())}


def _normal(type_: str, body: str) -> str:
    body = _SERVERS_OWN.sub("", body)
    lines = [line.rstrip() for line in body.split("\n") if line.strip()]
    if type_ in ("ACL", "DEFAULT ACL"):
        lines.sort()  # in which order privileges were granted means nothing
    return "\n".join(lines)


def differences(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """What two dumps disagree about, in words."""
    said = [f"missing: {key}\n{wanted[key]}" for key in wanted if key not in found]
    said += [f"not wanted: {key}\n{found[key]}" for key in found if key not in wanted]
    said += [
        f"different: {key}\n--- wanted\n{wanted[key]}\n--- found\n{found[key]}"
        for key in wanted
        if key in found and wanted[key] != found[key]
    ]
    return said


def built_anew(project, server) -> dict[str, str]:
    """What pg_dump says of a case's project, applied to an empty database."""
    dsn = server.create()
    try:
        with pgmg.Project.open(project.root, connection_string=dsn) as fresh:
            fresh.apply()
        return dump(dsn)
    finally:
        server.drop(dsn)
