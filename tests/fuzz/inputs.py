"""Input number N of a seed, always the same: a well-formed text, and what was done to it."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from tests.secrets.forms import SQL

CASES = Path(__file__).parents[1] / "cases"

_HOSTILE = (
    "\0", "\ufeff", "\u202e", "\ud7ff", "\U0010ffff", "'", '"', "$$", "$a$", "/*", "*/", "--", "\\", ";", "(", ")", "\r", "\x1b[31m",
    "%s", "{}", "${HOME}", "$1", ":x", "\\.\n", "COPY t FROM stdin;\n", "BEGIN;", "COMMIT;", "-- pgmg: no-transaction\n",
    "BEGIN ATOMIC", "END", "E'\\", "U&'\\", "<script>", "[[", "]]", "\n[", '"""', "1e999", "-1", "null", "0x7fffffff", "9" * 400,
)  # fmt: skip
_REPEATED = (
    "(",
    "[",
    "::int",
    "||'a'",
    "/*",
    "$a$",
    "NOT ",
    "- ",
    "CASE WHEN ",
    " UNION SELECT 1",
    "'",
    '"',
    "{",
    ",",
    ".",
)
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


class Kind(Enum):
    """What is broken."""

    CODE = "a file of the code folder"
    MIGRATION = "a migration"
    SETTINGS = "pgmg.toml"
    SAVED_PLAN = "a saved plan"
    ARGUMENTS = "the words of a command"


@dataclass(frozen=True)
class Input:
    """`data` is the content of a file; of arguments, one word a line."""

    number: int
    kind: Kind
    data: bytes


def made(seed: int, number: int) -> Input:
    """Return an input."""
    chance = random.Random(f"{seed}:{number}")
    kind = chance.choices(list(Kind), (5, 5, 3, 2, 3))[0]
    text = chance.choice(_texts(kind))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        text = chance.choice(_CHANGES)(chance, text, kind)
    data = text.encode("utf-8", errors="replace")
    if chance.random() < 0.3:
        data = _flipped(chance, data)
    return Input(number, kind, data)


# --- what is well-formed


@cache
def _texts(kind: Kind) -> tuple[str, ...]:
    match kind:
        case Kind.CODE | Kind.MIGRATION:
            folder = "sql" if kind is Kind.CODE else "migrations"
            files = sorted(path for path in CASES.rglob("*.sql") if folder in path.parts)
            return (*(path.read_text() for path in files), *(form.text for form in SQL))
        case Kind.SETTINGS:
            return _SETTINGS
        case Kind.SAVED_PLAN:
            return (json.dumps(_PLAN, indent=1), json.dumps(_PLAN))
        case Kind.ARGUMENTS:
            return tuple(words.replace(" ", "\n") for words in _ARGUMENTS)


_SETTINGS = (
    'connection_string = "postgresql://u:p@127.0.0.1:1/d"\nmigrations_dir = "migrations"\ncode_dir = "sql"\n',
    'search_path = ["app", "public"]\nlock_timeout = "2s"\nstatement_timeout = 500\nlock_retries = 3\nrecreate = "required"\n',
    'state_schema = "meta"\n[environments.staging]\nconnection_string = "host=h password=${SECRET}"\n[environments."a b"]\nlock_timeout = "1min"\n',
)
_PLAN = {
    "format": 1,
    "fingerprint": "sha256:0",
    "database": {"name": "d", "server_version": "18.1"},
    "options": {"recreate": "dependents", "drop_unmanaged": False, "rewrite_tables": False},
    "basis": {"sources": "a", "state": "b", "catalog": "c", "options": "d", "steps": "e"},
    "migrations": [{"name": "001.sql", "path": "migrations/001.sql", "affects": []}],
    "changes": [{"object": "view.v", "change": "new", "path": "v.sql", "line": 1}],
    "steps": [
        {
            "number": 1,
            "action": "create",
            "object": "view.v",
            "sql": "CREATE VIEW v AS SELECT 1",
            "reason": "new",
            "path": "sql/v.sql",
            "line": 1,
            "group": 1,
            "managed": True,
        }
    ],
    "edges": [],
    "warnings": [],
}
_ARGUMENTS = (
    "plan --format json --connection-string postgresql://u:p@127.0.0.1:1/d",
    "plan --recreate required --config pgmg.toml --environment staging -vv --no-color",
    "apply plan.json --dry-run --connection-string host=127.0.0.1",
    "status --code-dir sql --migrations-dir migrations --connection-string dbname=x",
    "diff view.v --rows --key a,b --limit 5 --connection-string port=1",
    "graph v.a --upstream 2 --downstream 1 --output graph.svg --connection-string port=1",
    "new a_name",
    "baseline 001.sql --connection-string port=1",
    "--help",
)

# --- what is done to it


def _truncated(chance: random.Random, text: str, kind: Kind) -> str:
    cut = chance.randrange(len(text) + 1)
    return text[:cut] if chance.random() < 0.7 else text[cut:]


def _swapped(chance: random.Random, text: str, kind: Kind) -> str:
    words = _WORDS.findall(text) or [""]
    one, other = chance.randrange(len(words)), chance.randrange(len(words))
    words[one], words[other] = words[other], words[one]
    return "".join(words)


def _without(chance: random.Random, text: str, kind: Kind) -> str:
    words = _WORDS.findall(text) or [""]
    del words[chance.randrange(len(words))]
    return "".join(words)


def _doubled(chance: random.Random, text: str, kind: Kind) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + text[start : start + chance.randrange(200)] * 2 + text[start:]


def _pierced(chance: random.Random, text: str, kind: Kind) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_HOSTILE) + text[at:]


def _deepened(chance: random.Random, text: str, kind: Kind) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_REPEATED) * chance.choice((3, 200, 5_000)) + text[at:]


def _spliced(chance: random.Random, text: str, kind: Kind) -> str:
    other = chance.choice(_texts(kind))
    return text[: chance.randrange(len(text) + 1)] + other[chance.randrange(len(other) + 1) :]


_CHANGES = (_truncated, _swapped, _without, _doubled, _pierced, _deepened, _spliced)


def _flipped(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 4, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)
