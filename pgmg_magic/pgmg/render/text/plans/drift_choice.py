"""Says that there are two answers to drift: to restore what is declared, or to keep what the database has."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pgmg.model.plans.plan import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = 3
"""Most objects that the command names."""


def drift_choice(changes: Iterable[Change]) -> str:
    """Return both answers in one line; empty if nothing has drifted.

    What belongs to a drifted object is not named: it is imported with that.
    """
    drifted = [change.object for change in changes if change.change is ChangeKind.DRIFTED]
    named = [shlex.quote(str(name)) for name in drifted if name.parent not in drifted]
    if not named:
        return ""
    words = " ".join(named[:_NAMED]) + (" …" if len(named) > _NAMED else "")
    return (
        f"Drifted: `pgmg apply` restores the declared {'definition' if len(named) == 1 else 'definitions'}; "
        f"`pgmg import {words}` keeps the database's."
    )
