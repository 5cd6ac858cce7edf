"""The settings with their defaults; passwords are hidden when settings are shown."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.permission import Permission
from pgmg.model.plans.plan import Recreate
from pgmg.model.plans.risk import RiskKind
from pgmg.model.results.history_entries import KEPT
from pgmg.model.secrets import mask_secrets, secrets_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pgmg.model.plans.permission import Consents

CONFIG_FILE = "pgmg.toml"
EMBEDDED = "embedded:"
"""The connection string of the embedded server in the project's `.pgmg/` folder."""


class Pooling(StrEnum):
    """How long a pooler gives a client one and the same server process."""

    TRANSACTION = "transaction"
    SESSION = "session"


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything that is configured about a project; its `repr` shows no password.

    `root` is the folder of `pgmg.toml`, or the working folder. `connection_string` is None where nothing names a
    server, and empty where only libpq's own variables do. A folder that is None is not considered (rule 3.7).
    Durations are texts that PostgreSQL understands: `500ms`. `lock_retries` is how often a run that met a lock or a
    deadlock is tried again (rule 9.3). Everything runs as `role` and under `session_settings`. `pooler` says what a
    pooler in front of the server does, if there is one. `checkout` names this checkout of the project, for runners
    whose host and folder change (rule 3.7). `allow` is what apply may risk; None: everything.
    `history` is how many applies pgmg's tables remember, 0 for none. `ignore` are patterns of what is somebody else's
    (`pgmg.model.naming.name_patterns`). `is_empty_copy`: the database is a copy without rows, where what migrations
    require and ensure of them cannot hold.
    """

    root: Path
    config_path: Path | None = None
    connection_string: str | None = None
    migrations_dir: Path | None = None
    code_dir: Path | None = None
    state_schema: str = "public"
    search_path: tuple[str, ...] | None = None
    recreate: Recreate = Recreate.DEPENDENTS
    lock_timeout: str = "500ms"
    statement_timeout: str | None = None
    lock_retries: int = 5
    role: str | None = None
    session_settings: tuple[tuple[str, str], ...] = ()
    pooler: Pooling = Pooling.TRANSACTION
    allow: Consents | None = None
    checkout: str | None = None
    ignore: tuple[str, ...] = ()
    history: int = KEPT
    environment: str | None = None
    is_empty_copy: bool = False

    @property
    def allows_rewrites(self) -> bool:
        """Whether `allow` contains `rewrite`, of which `--rewrite-tables` is a short form."""
        return any(isinstance(one, Permission) and one.kind is RiskKind.REWRITE for one in self.allow or ())

    def __repr__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["session_settings"] = dict(self.session_settings)
        values["connection_string"] = self.connection_string and mask_secrets(self.connection_string)
        return mask_secrets(f"Settings({', '.join(f'{name}={value!r}' for name, value in values.items())})")


LOCK_ATTEMPTS = "lock_attempts"
"""Says the same as `lock_retries`, with the first attempt counted."""

_FOUND = frozenset({"root", "config_path", "environment", "is_empty_copy"})
KEYS = (*(field.name for field in fields(Settings) if field.name not in _FOUND), LOCK_ATTEMPTS)
"""What `pgmg.toml`, its environments, `PGMG_*` variables and options may set."""


def passwords(connection_string: str | None, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the passwords that may turn up in texts about this connection, longest first."""
    found = secrets_in(connection_string or "") | {(environ or {}).get("PGPASSWORD", "")}
    return tuple(sorted(found - {""}, key=lambda secret: (-len(secret), secret)))
