"""The locks and rewrites that pgmg forecasts for statements, as rows that can be compared with pg_locks."""

from __future__ import annotations

from pgmg.catalog.reading.catalog_queries import read_only
from pgmg.catalog.reading.relation_facts_reader import read_relation_facts
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.sessions.connection import connect
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Action, DatabaseInfo, Plan, Step
from pgmg.model.plans.risk import FirstLock
from pgmg.model.sources.source import MigrationFile
from pgmg.planning.risk.effects import Forecast
from pgmg.planning.risk.forecast import PlannedStatement, facts_wanted
from pgmg.planning.risk.relation_names import RelationNames
from pgmg.planning.risk.statement_forecast import StatementForecaster
from pgmg.risk_reader import with_first_locks
from pgmg.source import parse_migration
from pgmg.source.operations import operations_of
from tests.risk.server_effects import NOTICEABLE, Effects


def forecast(dsn: str, sql: str) -> tuple[Effects, Forecast]:
    """Return what pgmg expects of a statement, in both shapes."""
    operations = operations_of(sql)
    wanted = facts_wanted([PlannedStatement(1, operations, None)])
    if wanted is None:
        found = Forecast(unknown=[o.what for o in operations if type(o).__name__ == "Unknown"])
        return Effects({}, frozenset(), frozenset()), found
    with connect(dsn) as conn, read_only(conn, None):
        facts = read_relation_facts(conn, wanted, ("public",))
    found = StatementForecaster(facts, RelationNames(facts)).forecast(operations)
    name = {oid: f"{r.schema}.{r.name}" for oid, r in facts.relations.items()}
    return (
        Effects(
            locks={name[oid]: mode.value for oid, mode in found.locks.items() if mode.value in NOTICEABLE},
            rewritten=frozenset(name[oid] for oid in found.rewrites),
            scanned=frozenset(name[oid] for oid in found.scans),
        ),
        found,
    )


def first_locks_of(dsn: str, script: list[str]) -> tuple[FirstLock, ...]:
    """Return the locks that a migration of these statements would take first."""
    migration = parse_migration(MigrationFile("1.sql", "1.sql", ";\n".join(script), ""))
    name = ObjectName(Kind.MIGRATION, "1")
    statements = tuple(statement.sql for statement in migration.sent)
    step = Step(1, Action.MIGRATE, name, statements, "pending", migration=migration)
    plan = Plan("", DatabaseInfo("", ""), steps=(step,))
    with connect(dsn) as conn, read_only(conn, "public"):
        return with_first_locks(conn, plan, read_snapshot(conn, "public"), None).first_locks
