"""Asks again how objects are dropped and restored that earlier steps of the same plan outdated (rule 6.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg

from pgmg.catalog.closure import read_definitions
from pgmg.catalog.reading import as_usual
from pgmg.model.names import ObjectName
from pgmg.model.plan import Action, Step
from pgmg.model.snapshot import Address, Definition
from pgmg.planning.around import put_back


class Again:
    """Remembers, from a drop to the restoration, what the server said right before the drop."""

    def __init__(self, conn: psycopg.Connection[Any], path: str) -> None:
        self._conn = conn
        self._path = path
        self._known: dict[ObjectName, Definition] = {}

    def step(self, step: Step) -> Step:
        """Return the step with the statements that hold now. Costs round trips, and is called for few."""
        if step.reread is None:
            return step
        if step.action is Action.DROP:
            address = Address(*step.reread)
            found = read_definitions(self._conn, [address], {}).get(address)
            as_usual(self._conn, self._path)
            if found is None:
                return step  # an earlier step dropped it: the server will say so
            self._known[step.object] = found
            return replace(step, statements=(found.drop,))
        known = self._known.get(step.object)
        return step if known is None else replace(step, statements=(*known.create, *put_back(known, None, None)))
