"""Carries out steps, and looks after each one what it locked, rewrote and scanned.

Steps of which no effect is forecast are carried out many at a time. If one look after them finds an effect all the
same, they are rolled back and carried out one by one.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pgmg.applying.assertions import assertion_statements
from pgmg.applying.runner import copy_in, copy_statements
from pgmg.catalog.reading.catalog_queries import pipeline, set_path
from pgmg.catalog.sessions.held_effects import RelationState, read_relation_states
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.rehearsal import RelationEffect
from pgmg.model.plans.risk import WEAKEST_REPORTED, LockMode, RiskKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.plans.risk import Risk

_KINDS = {"v": Kind.VIEW, "m": Kind.MATERIALIZED_VIEW}
_RESET = ("RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL", "DISCARD TEMP")
"""What a migration cannot leave behind (rule 9.7)."""

_MANY = 50
"""Steps that are carried out before one look."""

Effects = tuple[RelationEffect, ...]
States = dict[int, RelationState]


class MeasuredRun:
    """Runs the steps of a plan on a connection, under its search_path; only relations that are there now count."""

    def __init__(self, conn: Connection, plan: Plan, search_path: str | None) -> None:
        self._conn = conn
        self._plan = plan
        self._path = search_path
        self._there = read_relation_states(conn)
        self._oids = list(self._there)
        self._last: States = {}

    def run(self, steps: Sequence[Step]) -> dict[int, Effects]:
        """Return the effects of each step by its number; steps outside a transaction have none."""
        found: dict[int, Effects] = {}
        for (_, transactional), group in groupby(steps, key=lambda step: (step.group, step.transactional)):
            if transactional:
                self._conn.execute("BEGIN")
                self._settings()
                self._last = self._look()
                found |= self._in_transaction(list(group))
                self._conn.execute("COMMIT")
            else:
                for step in group:
                    self._send(step)
        return found

    def _in_transaction(self, steps: Sequence[Step]) -> dict[int, Effects]:
        risky = {risk.step for risk in self._plan.risks}
        found: dict[int, Effects] = {}
        for quiet, run in groupby(steps, key=lambda step: step.migration is None and step.number not in risky):
            these = list(run)
            for first in range(0, len(these), _MANY if quiet else 1):
                part = these[first : first + (_MANY if quiet else 1)]
                if len(part) == 1 or not self._did_nothing(part):
                    found |= {step.number: self._measured(step) for step in part}
                else:
                    found |= dict.fromkeys((step.number for step in part), ())
        return found

    def _did_nothing(self, steps: Sequence[Step]) -> bool:
        """Carry out steps and look once; if they had an effect on what was there before, roll them back and say so."""
        self._conn.execute("SAVEPOINT pgmg_quiet")
        before = self._last
        with pipeline(self._conn):
            for step in steps:
                self._send(step)
        after = self._look()
        if any(self._effects(before, after, ())):
            self._conn.execute("ROLLBACK TO SAVEPOINT pgmg_quiet")
            return False
        self._conn.execute("RELEASE SAVEPOINT pgmg_quiet")
        self._last = after
        return True

    def _settings(self) -> None:
        if self._path is not None:
            set_path(self._conn, self._path)

    def _measured(self, step: Step) -> Effects:
        before = self._last
        self._send(step)
        after = self._last = self._look()
        if step.object.kind is Kind.MIGRATION:
            for statement in _RESET:
                self._conn.execute(statement)
            self._settings()
        risks = [risk for risk in self._plan.risks if risk.step == step.number]
        return tuple(self._effects(before, after, risks))

    def _look(self) -> States:
        return read_relation_states(self._conn, self._oids) if self._oids else {}

    def _send(self, step: Step) -> None:
        copies, assertions = copy_statements(step), assertion_statements(step)
        for number, statement in enumerate(step.statements):
            if number in assertions:
                continue  # there are no rows to ask
            if number in copies:
                copy_in(self._conn, statement, copies[number].data or "")
            else:
                self._conn.execute(statement.encode())

    def _effects(self, before: States, after: States, risks: Sequence[Risk]) -> Iterator[RelationEffect]:
        for oid, known in self._there.items():
            old = before.get(oid)
            if old is None:
                continue  # an earlier step dropped it
            new = after.get(oid)
            now = LockMode.ACCESS_EXCLUSIVE if new is None else new.lock  # a relation is dropped under that lock
            lock = now if now is not None and now.rank >= WEAKEST_REPORTED.rank and now != old.lock else None
            rewritten = new is not None and old.file != new.file
            scanned = new is not None and new.scans > old.scans
            if lock is None and not rewritten:
                continue
            name = str(_name(known.kind, known.name, known.schema))
            yield RelationEffect(name, lock, rewritten, scanned, _is_expected(name, lock, risks, rewritten=rewritten))


def _name(kind: str, name: str, schema: str) -> ObjectName:
    return ObjectName(_KINDS.get(kind, Kind.TABLE), name, None if schema == "public" else schema)


def _is_expected(name: str, lock: LockMode | None, risks: Sequence[Risk], *, rewritten: bool) -> bool:
    """Say whether a plan's risks speak of a lock at least as strong, and of the rewrite."""
    about = [risk for risk in risks if risk.relation == name]
    strongest = max((risk.lock.rank for risk in about if risk.lock is not None), default=-1)
    renewed = any(risk.kind in (RiskKind.REWRITE, RiskKind.DATA_LOSS) for risk in about)
    return (lock is None or lock.rank <= strongest) and (renewed or not rewritten)
