"""The walk through plan, apply, edit, plan, apply: everything is really done, and checked as it is told."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgmg.config import CONFIG_FILE, EMBEDDED
from pgmg.demo import scenery
from pgmg.demo.table import table
from pgmg.errors import PgmgError
from pgmg.model.plans.plan import Action, Plan
from pgmg.project import Project
from pgmg.render.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pgmg.catalog.sessions.connection import Connection

NO_CHANGES = "No changes. The database matches the project."


class DemoError(PgmgError):
    """The demo did not turn out as it says."""

    code = "demo"


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells the story: `say` takes a paragraph, `pause` waits for the reader."""

    say: Callable[[str], None]
    pause: Callable[[], None]


def walk(folder: Path, teller: Teller) -> None:
    """Lay out the demo project in `folder` and walk through it on the embedded server.

    Raises:
        UsageError: the folder holds something else.
        DemoError: something was not as it should be.
        PgmgError: whatever planning and applying raise.
    """
    paths = scenery.lay_out(folder)
    with Project.open(folder, **_settings(folder)) as project:
        teller.say(f"Server: {project.server}")
        project.reset(everything=True)  # what an earlier demo left
        with closing(project.connect()) as conn:
            _Walk(folder, teller, project, conn).everything(paths)


def _settings(folder: Path) -> dict[str, Any]:
    """Everything by option, so that no variable leads the demo to another database."""
    return {
        "environment": "",
        "config": folder / CONFIG_FILE,
        "connection_string": EMBEDDED,
        "migrations_dir": folder / "migrations",
        "code_dir": folder / "sql",
        "state_schema": "public",
        "search_path": ("public",),
        "recreate": "dependents",
    }


@dataclass(frozen=True, slots=True)
class _Walk:
    folder: Path
    teller: Teller
    project: Project
    conn: Connection

    def everything(self, paths: Sequence[str]) -> None:
        self._first_apply(paths)
        self._edit()
        self._migration()

    def _first_apply(self, paths: Sequence[str]) -> None:
        listed = "\n".join(f"  {path}" for path in paths)
        self._tell(
            f"1. A small library. Migrations make tables; the files below sql/ say what else there is.\n\n{listed}"
        )
        plan = self._plan()
        _check(len(plan.migrations) == 2, "both migrations are pending")  # noqa: PLR2004 - the demo has two
        order = [str(step.object) for step in plan.steps]
        _check(
            order.index("type.book_format") < order.index("migration.001_books_and_members.sql"), "the type is first"
        )
        self._tell(
            "Nobody wrote down an order: pgmg read it off the SQL. The type comes before the table that uses it."
        )
        self._apply(plan)
        _check(len(self._ask("overdue")) == 2, "two books are overdue")  # noqa: PLR2004 - as the loans say
        self.teller.pause()

    def _edit(self) -> None:
        self._tell("2. Fines get a limit, and the view `overdue` one more column. Two files are edited:")
        self._tell("\n".join(f"  {path}" for path in scenery.edit(self.folder, "1-code")))
        plan = self._plan()
        done = {(step.action, str(step.object)) for step in plan.steps}
        wanted = {(Action.REPLACE, "view.overdue"), (Action.REPLACE, "function.fine(integer)")}
        _check(done == wanted, "view and function are replaced in place")
        self._tell("Both fit in place: nothing is dropped, and `reminders`, which reads `overdue`, is left alone.")
        self._apply(plan)
        _check(all("shelf" in row for row in self._ask("overdue")), "the view has its new column")
        self.teller.pause()

    def _migration(self) -> None:
        by_hand = scenery.sql("by_hand/at_the_desk.sql")
        self._tell("3. Meanwhile somebody makes a view by hand, with a grant. No file of the project knows of it:")
        self._tell(_indented(by_hand))
        self.conn.execute(by_hand.encode())
        before = self._ask("privileges")
        self._tell("Now a migration changes the type of a column that many views show:")
        for path in scenery.edit(self.folder, "2-migration"):
            self._tell(_indented((self.folder / path).read_text(encoding="utf-8")))
        plan = self._plan()
        restored = {str(step.object) for step in plan.steps if step.action is Action.RESTORE}
        _check("view.at_the_desk" in restored, "the view made by hand is restored")
        dropped = {str(step.object) for step in plan.steps if step.action is Action.DROP}
        _check(dropped >= {"view.on_loan", "materialized_view.popular"}, "dependents are dropped first")
        self._tell("Everything that blocks it is dropped and recreated, with grants, comments and indexes.")
        self._apply(plan)
        shelves = [row["shelf"] for row in self._ask("at_the_desk")]
        _check(bool(shelves) and all(str(shelf).startswith("S0") for shelf in shelves), "shelves have letters")
        _check(self._ask("privileges") == before, "the grants are still there")
        self._tell("And once more:")
        _check(self._plan().is_empty, "nothing is left to do")

    def _tell(self, paragraph: str) -> None:
        self.teller.say(f"\n{paragraph.rstrip()}")

    def _plan(self) -> Plan:
        plan = self.project.plan()
        shown = plain.plan_text(plan)
        _check(plan.is_empty == (NO_CHANGES in shown), "an empty plan says so")
        self._tell(f"$ pgmg plan\n{shown}")
        self.teller.pause()
        return plan

    def _apply(self, plan: Plan) -> None:
        result = self.project.apply(plan)
        _check(result.applied, "the plan is applied")
        self._tell(f"$ pgmg apply\n{plain.result_text(result)}")

    def _ask(self, question: str) -> list[dict[str, object]]:
        sql = scenery.sql(f"questions/{question}.sql")
        cursor = self.conn.execute(sql.encode())
        names = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall()
        self._tell(f"{_indented(sql)}\n\n{_indented(table(names, rows))}")
        return [dict(zip(names, row, strict=True)) for row in rows]


def _check(as_told: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not as_told:
        raise DemoError(f"The demo is not as it says: {what}", hint="please report this, with what is printed above")


def _indented(lines: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in lines.strip("\n").splitlines())
