"""Tells which checkout of a project this is: host, folder, git branch and commit (rule 3.7)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pgmg.config.git_head import read_head
from pgmg.config.settings import EMBEDDED, Settings
from pgmg.model.results.applied_from import AppliedFrom


def applied_from(settings: Settings) -> AppliedFrom:
    """Return what an apply with these settings records about its origin; git's head is read anew each time."""
    head = read_head(settings.root)
    return AppliedFrom(
        checkout=checkout_id(settings),
        host=socket.gethostname(),
        folder=os.fspath(settings.root),
        user=_user(),
        branch=head.branch if head else None,
        commit=head.commit if head else None,
    )


def checkout_id(settings: Settings) -> str:
    """Return what is equal for equal checkouts, and for them alone.

    That is the name from the setting `checkout`, else host and code folder. An embedded server lives in the project's
    folder and moves with it, so that only the path below the project counts.
    """
    if settings.checkout is not None:
        return f"name:{settings.checkout}"
    folder = os.path.realpath(settings.code_dir or settings.root)
    if (settings.connection_string or "").startswith(EMBEDDED):
        return f"embedded:{Path(os.path.relpath(folder, os.path.realpath(settings.root))).as_posix()}"
    return f"{socket.gethostname()}:{folder}"


def _user() -> str:
    """Return the operating system's name of the user, the number where there is none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else "?"
