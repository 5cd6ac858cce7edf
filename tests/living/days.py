"""What members of the team do on a day."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable

import psycopg
from psycopg import sql

from pgmg.errors import PgmgError
from pgmg.model.results.events import Event
from tests.living.checkout import Checkout, git
from tests.living.facts import read_facts
from tests.living.team import Team
from tests.notebook.conftest import Cells

Day = Callable[[Team, Checkout], None]


def one_day(team: Team, days: tuple[tuple[int, Day], ...]) -> None:
    """One member does one of the acts, by their weights; then all is looked at."""
    member = team.rng.choice(team.members)
    (act,) = team.rng.choices([day for _, day in days], [weight for weight, _ in days])
    team.told(f"-- {member.name} {act.__name__} ({', '.join(team.watched) or 'nobody'} watching)")
    act(team, member)
    team.quiet()
    team.look(member)
    git(member.root, "add", "-A")
    member.commit(act.__name__)


# -- files ----------------------------------------------------------------------------------------------


def edits(team: Team, member: Checkout) -> None:
    """Edit a view."""
    if views := sorted(member.views()):
        view = team.rng.choice(views)
        member.put(view, member.source_of(view), team.mark())


def adds(team: Team, member: Checkout) -> None:
    """Add a view upon a table or another view."""
    source = team.rng.choice(sorted(member.tables() | member.views().keys()))
    member.put(f"v{next(team.numbers)}", source, team.mark(), team.rng.choice(["sql", "sql/deep"]))


def deletes(team: Team, member: Checkout) -> None:
    """Delete a view, and those upon it."""
    if len(views := sorted(member.views())) > 2:
        team.told(f"   {member.delete(team.rng.choice(views))}")


def moves(team: Team, member: Checkout) -> None:
    """Move the file of a view to another folder."""
    if views := sorted(member.views()):
        path = member.path_of(team.rng.choice(views))
        target = member.root / team.rng.choice(["sql", "sql/deep", "sql/other"]) / path.name
        target.parent.mkdir(exist_ok=True)
        path.rename(target)


def migrates(team: Team, member: Checkout) -> None:
    """Add a migration: another branch may have one of that number."""
    number, name = _next_number(member), f"t{next(team.numbers)}"
    member.write(f"migrations/{number:03}_{name}.sql", f"CREATE TABLE {name} (id integer PRIMARY KEY);\n")


def renumbers(team: Team, member: Checkout) -> None:
    """Give the last migration another number, whether it was applied or not."""
    path = member.migrations()[-1]
    if path.name != "001_base.sql":
        path.rename(path.with_name(f"{_next_number(member):03}_{path.name.partition('_')[2]}"))


def touches_history(team: Team, member: Checkout) -> None:
    """Edit a migration that may have been applied."""
    path = team.rng.choice(member.migrations())
    table = path.stem.rpartition("_")[2]
    note = team.rng.choice([f"-- {next(team.numbers)}", f"COMMENT ON TABLE {table} IS '{next(team.numbers)}';"])
    if f"CREATE TABLE {table} " in path.read_text():
        path.write_text(f"{path.read_text()}{note}\n")


def squashes(team: Team, member: Checkout) -> None:
    """Once all is applied, make one migration of all."""
    team.stop_watching(member)
    if len(member.migrations()) < 3 or not team.bring(member, accept=False):
        return
    paths = member.migrations()
    text = "".join(path.read_text() for path in paths)
    for path in paths:
        path.unlink()
    member.write(f"migrations/{paths[-1].name[:3]}_squash{next(team.numbers)}.sql", text)
    team.bring(member, accept=False)


def _next_number(member: Checkout) -> int:
    return int(member.migrations()[-1].name[:3]) + 1


# -- git ------------------------------------------------------------------------------------------------


def branches(team: Team, member: Checkout) -> None:
    """Begin a branch."""
    git(member.root, "switch", "--quiet", "-c", f"b{next(team.numbers)}")


def switches(team: Team, member: Checkout) -> None:
    """Go to another branch: many files change at once."""
    git(member.root, "switch", "--quiet", team.rng.choice(member.branches()))
    member.tidy()


def merges(team: Team, member: Checkout) -> None:
    """Merge what the others have pushed."""
    member.merge(rebase=False)


def rebases(team: Team, member: Checkout) -> None:
    """Rebase on what the others have pushed."""
    member.merge(rebase=True)


def pushes(team: Team, member: Checkout) -> None:
    """Push."""
    member.push()


# -- the database ---------------------------------------------------------------------------------------


def applies(team: Team, member: Checkout) -> None:
    """Apply; who is refused may consent, or take the others' work first."""
    if team.bring(member, accept=team.rng.random() < 0.3):
        return
    member.merge(rebase=False)
    team.bring(member, accept=False)


def mends_by_hand(team: Team, member: Checkout) -> None:
    """A hotfix by hand: a view of the project gets a column, or one that nobody declares appears."""
    views = sorted(team.facts.views)
    with psycopg.connect(team.dsn, autocommit=True) as conn:
        if views and team.rng.random() < 0.6:
            view = sql.Identifier(team.rng.choice(views))
            with contextlib.suppress(psycopg.Error):
                conn.execute(sql.SQL("ALTER VIEW {} RENAME COLUMN id TO by_hand").format(view))
        else:
            name = f"hand{next(team.numbers)}"
            conn.execute(sql.SQL("CREATE VIEW {} AS SELECT id FROM base").format(sql.Identifier(name)))
            team.by_hand.add(name)
    team.facts = read_facts(team.dsn)


def copies(team: Team, member: Checkout) -> None:
    """Copy the folder, delete a view in the copy, and apply from there: that is not the copy's to drop."""
    copy = Checkout(team.folder / f"copy{next(team.numbers)}", member.dsn, f"copy of {member.name}")
    shutil.copytree(member.root, copy.root, symlinks=True)
    team.bring(copy, accept=False)
    if views := sorted(copy.views()):
        copy.delete(team.rng.choice(views))
        team.bring(copy, accept=False)
    shutil.rmtree(copy.root)


class _Interrupt:
    """Raises KeyboardInterrupt at the n-th event."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, event: Event) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def interrupts(team: Team, member: Checkout) -> None:
    """Press Ctrl-C at any event of an apply, then plan with the same project."""
    before = read_facts(team.dsn)
    with member.open() as project:
        for _ in range(3):
            try:
                project.apply(listener=_Interrupt(team.rng.randrange(15)))
            except KeyboardInterrupt as interrupt:
                (note,) = interrupt.__notes__
                if note != "Nothing has been changed.":
                    team.told(f"{member.name}: {note}")
                    team.look(member)
                    team.expect_done(member, whole=True)
                    return
                if read_facts(team.dsn) != before:
                    raise team.fail(note) from None
            except PgmgError as error:
                team.told(f"{member.name}: {error}")
                return
            else:
                team.look(member)
                team.expect_done(member, whole=True)
                return
            with contextlib.suppress(PgmgError):
                project.plan()


def resets(team: Team, member: Checkout) -> None:
    """Reset: every managed object is named, and goes; the tables stay, and applying leads back."""
    for other in team.members:
        team.stop_watching(other)
    try:
        with member.open() as project:
            named = set(re.findall(r"\w+", " ".join(project.reset(dry_run=True).statements)))
    except PgmgError as error:
        team.told(f"{member.name}: {error}")
        return
    done = member.cli("reset", "--yes")
    if done.exit_code != 0:
        raise team.fail(f"reset: {done.stderr}")
    team.look(member, consented=named)
    team.bring(member, accept=False)


def watches(team: Team, member: Checkout) -> None:
    """Begin to watch, or end it."""
    if member.name in team.watched:
        team.stop_watching(member)
    else:
        team.start_watching(member)


def writes_a_cell(cells: Cells) -> Day:
    """Write a view in a cell of a notebook."""

    def writes_cell(team: Team, member: Checkout) -> None:
        source = team.rng.choice(sorted(member.tables() | member.views().keys()))
        view, mark = f"v{next(team.numbers)}", team.mark()
        if views := sorted(member.views()):
            view = team.rng.choice([view, *views])
        text = (
            f"CREATE VIEW {view} AS SELECT id, 1 AS {mark} FROM {member.source_of(view) if view in views else source};"
        )
        path = f" {member.path_of(view).relative_to(member.root / 'sql')}" if view in views else f" {view}.sql"
        with contextlib.chdir(member.root), contextlib.suppress(AssertionError):
            cell = cells(f"%%pgmg_sql{path}\n{text}")
            team.told(f"{member.name}: {cell.value.path}: {cell.value.why_not}")
            facts = team.look(member)
            if cell.value.why_not is None and mark not in facts.views.get(view, ()):
                raise team.fail(f"The cell says that {view} is applied")

    return writes_cell
