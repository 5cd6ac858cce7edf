"""Says which privileges on rows and routines the statements of pending migrations cannot do without (rule 9.6).

Nothing is said where a false alarm is possible: after a statement that may change who may do what, of a name that may
mean something else by then, of a routine whose name several share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import RELATIONS, ROUTINES, Kind, ObjectName
from pgmg.model.naming.quoting import spell
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.plans.permissions import Need, Subject
from pgmg.model.sources.source import RefKind, StatementKind
from pgmg.source.operations.row_access import RowAccess, accesses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.database.snapshot import LiveObject, Snapshot
    from pgmg.model.plans.plan import Step
    from pgmg.model.sources.source import Parts, Statement
    from pgmg.source.operations.row_access import Access

_RIGHTS = frozenset({"GRANT", "REVOKE", "OWNER", "OWNED", "ROLE", "AUTHORIZATION", "USER"})
"""Words of statements after which a role may be allowed more, or be another one."""
_HIDDEN = frozenset({"DO", "CALL", "EXECUTE"})
"""First words of statements that may do so unseen."""
_SETTINGS = frozenset({"SEARCH_PATH", "SET_CONFIG", "TEMP", "TEMPORARY"})
"""Words of statements after which a name without a schema may mean another object."""
_TABLES = RELATIONS - {Kind.INDEX, Kind.SEQUENCE}


class RowNeeds:
    """Reads the statements of a plan in order; `made` are objects that the plan itself has created by then."""

    def __init__(self, snapshot: Snapshot, made: set[ObjectName]) -> None:
        self._made, self._path = made, snapshot.server.search_path
        self._relations: dict[tuple[str, str], LiveObject] = {}
        self._routines: dict[str, list[LiveObject]] = {}
        for name, live in snapshot.objects.items():
            if name.kind in _TABLES:
                self._relations[name.schema or "", name.name] = live
            elif name.kind in ROUTINES:
                self._routines.setdefault(name.name, []).append(live)
        self._schemas = {name.name: live for name, live in snapshot.others.items() if name.kind is Kind.SCHEMA}
        self._is_sure, self._has_path = True, True

    def begin(self) -> None:
        """A migration begins, or goes on: it sets its own search_path."""
        self._has_path = True

    def of_statement(self, statement: Statement) -> Iterator[Need]:
        """Yield the needs of the next statement of a migration."""
        words = [token.word for token in significant(statement.sql)]
        self._has_path = self._has_path and not _SETTINGS.intersection(words)
        if self._is_sure:
            for access in accesses_of(statement.sql):
                yield from self._of_access(access)
        if statement.kind is not StatementKind.ASSERTION:
            self._is_sure = self._is_sure and not self._may_change_rights(statement, words)

    def after_step(self, step: Step) -> None:
        """A step of pgmg's own has run."""
        words = {token.word for sql in step.statements for token in significant(sql)}
        self._is_sure = self._is_sure and not words & _RIGHTS

    def _may_change_rights(self, statement: Statement, words: list[str]) -> bool:
        if _RIGHTS.intersection(words) or (words[:1] and words[0] in _HIDDEN):
            return True
        calls = {r.parts[-1] for r in statement.references if r.kind is RefKind.ROUTINE}
        made = {name.name for name in self._made if name.kind in ROUTINES}
        return statement.calls and bool(calls & (self._routines.keys() | made))

    def _of_access(self, access: Access) -> Iterator[Need]:
        if isinstance(access, RowAccess):
            live = self._relation(access.relation)
            if live is not None:
                yield from self._usage(access.relation)
                yield Need(
                    Subject.ROWS,
                    _spelled(live.name),
                    oid=live.address.objid,
                    privilege=access.privilege,
                    columns=access.columns,
                )
            return
        routine = self._routine(access.routine)
        if routine is not None:
            yield from self._usage(access.routine)
            yield Need(
                Subject.ROUTINE,
                f"{_spelled(routine.name)}({', '.join(routine.name.arguments or ())})",
                oid=routine.address.objid,
                privilege="EXECUTE",
                unless_strict=not access.certain,
            )

    def _usage(self, parts: Parts) -> Iterator[Need]:
        """Yield USAGE of the schema that a name is qualified by; one of search_path is passed over without it."""
        schema = ObjectName(Kind.SCHEMA, parts[0])
        if len(parts) > 1 and schema not in self._made and schema.name in self._schemas:
            yield Need(Subject.USAGE, schema.name)

    def _relation(self, parts: Parts) -> LiveObject | None:
        schemas = parts[:-1] or (self._path if self._has_path else ())
        for schema in schemas:
            if any(name.kind in RELATIONS and (name.schema, name.name) == (schema, parts[-1]) for name in self._made):
                return None
            if (found := self._relations.get((schema, parts[-1]))) is not None:
                return found
        return None

    def _routine(self, parts: Parts) -> LiveObject | None:
        """Return the only routine of a name; the server is asked whether it has one of that name itself."""
        found = self._routines.get(parts[-1], [])
        if len(found) != 1 or any(name.kind in ROUTINES and name.name == parts[-1] for name in self._made):
            return None
        schemas = parts[:-1] or (self._path if self._has_path else ())
        return found[0] if found[0].name.schema in schemas else None


def _spelled(name: ObjectName) -> str:
    return f"{spell(name.schema or '')}.{spell(name.name)}"
