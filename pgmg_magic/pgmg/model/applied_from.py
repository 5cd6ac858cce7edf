"""Who applied something, and from where: the host, the folder, the branch and commit of a checkout (rule 3.7)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class AppliedFrom:
    """A checkout as it was when it applied something.

    `checkout` tells checkouts apart: equal means that one folder's files were applied. `user` is the operating system's
    name. `branch` and `commit` are git's, None outside a git repository; a detached head has no branch. `at` is the
    server's time of the apply with its time zone, None before the apply.
    """

    checkout: str
    host: str
    folder: str
    user: str
    branch: str | None = None
    commit: str | None = None
    at: datetime | None = None

    def to_json(self) -> str:
        """Return what the state tables keep; the server adds the time."""
        kept = ("checkout", "host", "folder", "user", "branch", "commit")
        return json.dumps({name: value for name in kept if (value := getattr(self, name)) is not None})

    @classmethod
    def from_json(cls, document: Mapping[str, Any] | None) -> AppliedFrom | None:
        """Return what the state tables kept; None for what an earlier pgmg wrote, or somebody by hand."""
        if document is None or not isinstance(document.get("checkout"), str):
            return None
        texts = {name: _text(document.get(name)) for name in ("host", "folder", "user", "branch", "commit")}
        return cls(
            checkout=document["checkout"],
            host=texts["host"] or "?",
            folder=texts["folder"] or "?",
            user=texts["user"] or "?",
            branch=texts["branch"],
            commit=texts["commit"],
            at=_time(document.get("at")),
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
