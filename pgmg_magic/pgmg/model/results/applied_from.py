"""Who applied something, and from where: the host, the folder, the branch and commit of a checkout (rule 3.7)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pgmg.model.lazy_dataclass import dataclass

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

    def described(self) -> str:
        """Say who and where in words: `ana@laptop in /home/ana/shop, branch feature-x (1a2b3c4d)`."""
        where = f"{self.user}@{self.host} in {self.folder}"
        if self.branch is not None:
            where += f", branch {self.branch}"
        if self.commit is not None:
            where += f" ({self.commit[:8]})" if self.branch is not None else f", commit {self.commit[:8]}"
        return where

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


@dataclass(frozen=True, slots=True)
class Claim:
    """Another project's record of an object: its state schema, and the hash of what it declares."""

    state_schema: str
    hash: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """The checkout that is planned for. `here` is None where nobody says who it is (then nothing is another's).

    `empty` are folders of code whose content may be missing as a whole (`SourceFiles.empty`).
    """

    here: AppliedFrom | None = None
    empty: tuple[str, ...] = ()

    def is_another(self, origin: AppliedFrom | None) -> bool:
        """Say whether another checkout applied something; not where nobody knows who did."""
        return origin is not None and self.here is not None and origin.checkout != self.here.checkout

    def is_elsewhere(self, origin: AppliedFrom | None) -> bool:
        """Say whether something was applied by another checkout, or from another branch of this one."""
        if origin is None or self.here is None:
            return False
        return self.is_another(origin) or origin.branch != self.here.branch


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
