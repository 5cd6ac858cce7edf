"""Plans, results, statuses and graphs made by hand, for renderers to read."""

from __future__ import annotations

from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, ObjectName, migration_name
from pgmg.model.plans.plan import (
    Action,
    Affected,
    Change,
    ChangeKind,
    DatabaseInfo,
    Edge,
    MigrationImpact,
    Origin,
    Plan,
    Record,
    Step,
)
from pgmg.model.results.events import AppliedStep, ApplyResult
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.model.results.status_report import Status
from pgmg.model.sources.facts import OwnerFacts
from pgmg.model.sources.source import Notice, SourceObject, Target

DATABASE = DatabaseInfo("shop", "18.4", 180004)
FINGERPRINT = "sha256:" + "ab" * 32
PASSWORD = "sekret-7"

HOSTILE = "we\"ird</script><script>document.title='owned'</script>\x1b[31m\u202e & &amp; \\N \\l {{x}} 'q' \n$$`<b>"


def view(name, schema="public"):
    return ObjectName(Kind.VIEW, name, schema)


def table(name, schema="public"):
    return ObjectName(Kind.TABLE, name, schema)


def function(name, *arguments, schema="public"):
    return ObjectName(Kind.FUNCTION, name, schema, arguments)


def grant(parent, role):
    return ObjectName(Kind.GRANT, parent=parent, detail=role)


def comment(parent):
    return ObjectName(Kind.COMMENT, parent=parent)


def owner(parent):
    return ObjectName(Kind.OWNER, parent=parent)


def source(name, path, sql="SELECT 1", facts=None, line=1):
    return SourceObject(
        Target(name.kind, (name.name,)), sql, SourceLocation(path, line, 1), "0" * 64, "0" * 64, (), facts
    )


def step(number, action, name, *statements, reason="", path=None, **more):
    """A step; `path` is where its SQL comes from."""
    place = None if path is None else SourceLocation(path, 1, 1)
    return Step(number, action, name, statements or ("SELECT 1",), reason, place, **more)


def plan(*steps, **more):
    return Plan(FINGERPRINT, DATABASE, steps=steps, basis=(("sources", "1" * 64), ("state", "2" * 64)), **more)


def example():
    """The plan of the design's example: a migration, two views around it, changes, a warning."""
    stats, summary, active = view("user_stats"), function("get_user_summary", "integer"), view("active_users")
    migration, by_hand = "003_add_orders_table.sql", view("by_hand")
    affects = (
        Affected(stats, "depends on modified tables", (table("orders"),)),
        Affected(summary, "depends on user_stats", (stats,)),
        Affected(by_hand, "depends on user_stats", (stats,)),
    )
    return plan(
        step(1, Action.DROP, by_hand, "DROP VIEW by_hand", reason="depends on user_stats", managed=False),
        step(2, Action.DROP, summary, "DROP FUNCTION get_user_summary(integer)", reason="depends on user_stats"),
        step(3, Action.DROP, stats, "DROP VIEW user_stats", reason="depends on modified tables"),
        step(4, Action.MIGRATE, migration_name(migration), "ALTER TABLE orders\n  ADD COLUMN n integer", "SELECT 2",
             reason="pending", path=f"migrations/{migration}"),
        step(5, Action.CREATE, stats, "CREATE VIEW user_stats AS SELECT 1",
             reason="made again: depends on modified tables", path="sql/views/user_stats.sql"),
        step(6, Action.RESTORE, stats, "GRANT SELECT ON user_stats TO analyst", "COMMENT ON VIEW user_stats IS 'x'",
             reason="what it had besides its definition"),
        step(7, Action.CREATE, summary, "CREATE FUNCTION …", reason="made again: depends on user_stats",
             path="sql/functions/get_user_summary.sql"),
        step(8, Action.RESTORE, by_hand, "CREATE VIEW by_hand AS …", reason="restored as it was", managed=False),
        step(9, Action.REPLACE, active, "CREATE OR REPLACE VIEW active_users AS …", reason="columns are appended",
             path="sql/views/active_users.sql"),
        migrations=(MigrationImpact(migration, f"migrations/{migration}", affects),),
        changes=(
            Change(active, ChangeKind.MODIFIED, "sql/views/active_users.sql", 1, "SELECT 1", "SELECT 2"),
            Change(function("calculate_total", "integer"), ChangeKind.NEW, "sql/functions/calculate_total.sql", 3),
        ),
        edges=(Edge(stats, table("orders")), Edge(summary, stats, Origin.CATALOG), Edge(summary, active, hard=False)),
        warnings=(Notice("migration-edited", "Migration 001_users.sql has been edited.", "migrations/001_users.sql"),),
        records=(Record(stats, source(stats, "sql/views/user_stats.sql"), 1),),
    )  # fmt: skip


def every_action():
    """A plan with every action, on objects that have parents, too."""
    v, odd, stamp = view("v"), function("is_odd", "integer"), ObjectName(Kind.TRIGGER, "stamp", parent=table("users"))
    privileges = ObjectName(Kind.DEFAULT_PRIVILEGES, "on tables to reader")
    changed = source(owner(v), "sql/v.sql", facts=OwnerFacts("App Role"))
    return plan(
        step(1, Action.DROP, view("gone", "reporting"), reason="depends on v"),
        step(2, Action.MIGRATE, migration_name("001.sql"), reason="pending", path="migrations/001.sql"),
        step(3, Action.CREATE, stamp, reason="new", path="sql/t.sql"),
        step(4, Action.REPLACE, odd, reason="same signature", path="sql/odd.sql"),
        step(5, Action.ALTER, ObjectName(Kind.TYPE, "status", "public"), reason="labels added", path="sql/status.sql"),
        step(6, Action.ALTER, owner(v), reason="new", path="sql/v.sql", source=changed),
        step(7, Action.RESTORE, view("by_hand"), reason="restored as it was", managed=False),
        step(8, Action.COMMENT, comment(v), reason="new", path="sql/v.sql"),
        step(9, Action.GRANT, grant(v, "analyst"), reason="new", path="sql/v.sql"),
        step(10, Action.REVOKE, grant(v, "public"), reason="no longer declared"),
        step(11, Action.GRANT, privileges, reason="new", path="sql/p.sql"),
        step(12, Action.VALIDATE, odd, reason="its body is checked now that all it uses exists", path="sql/odd.sql"),
        step(
            13, Action.SWAP, ObjectName(Kind.MATERIALIZED_VIEW, "daily", "public"), reason="the new one takes its name"
        ),
    )


def result(made, **more):
    done = tuple(AppliedStep(s, 1.5 * s.number) for s in made.steps)
    return ApplyResult(made, applied=True, steps=done, duration_ms=2345.678, **more)


def status(**more):
    return Status("postgresql://app@db:5432/shop", DATABASE, **more)


def shop():
    """A graph with every change, soft and learned edges, a circle, two schemas, and a name that wants to break out."""
    users, orders = table("users"), table("orders")
    active, stats, daily = view("active_users"), view("user_stats"), view("daily", "reporting")
    even, odd = function("is_even", "integer"), function("is_odd", "integer")
    evil, hand = view(HOSTILE), view("by_hand", "reporting")
    revenue = ObjectName(Kind.MATERIALIZED_VIEW, "revenue", "reporting")
    place = SourceLocation("sql/views/user_stats.sql", 3, 1)
    nodes = (
        GraphNode(users, managed=False),
        GraphNode(orders, managed=False),
        GraphNode(
            active,
            change=ChangeKind.NEW,
            location=SourceLocation("sql/a b#1?.sql", 1, 1),
            sql='SELECT 1 < 2 AS "</script>"',
        ),
        GraphNode(stats, change=ChangeKind.MODIFIED, location=place, sql=f"ALTER ROLE r PASSWORD '{PASSWORD}'"),
        GraphNode(daily, change=ChangeKind.DRIFTED),
        GraphNode(revenue, change=ChangeKind.MISSING),
        GraphNode(even, change=ChangeKind.ADOPTED),
        GraphNode(odd, change=ChangeKind.FORMATTING),
        GraphNode(
            evil, change=ChangeKind.DELETED, location=SourceLocation("javascript:alert(1)//x.sql", 1), sql=HOSTILE
        ),
        GraphNode(hand, managed=False),
    )
    edges = (
        Edge(active, users),
        Edge(stats, active),
        Edge(stats, orders),
        Edge(revenue, stats),
        Edge(daily, revenue),
        Edge(hand, daily, Origin.CATALOG),
        Edge(even, odd, hard=False),
        Edge(odd, even, hard=False),
        Edge(evil, stats, Origin.ERROR),
    )
    return Graph(nodes, edges, hidden=3)
