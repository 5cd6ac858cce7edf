"""Random projects live through random edits, migrations and changes by hand; the oracle holds after every apply.

PGMG_SEQUENCES says how many sequences there are (default 25), PGMG_SEED where they begin (default 0; `random` for
another start each time: it is printed). A failure is shrunk and written down as a case in the form of
`tests/test_cases.py`, unless PGMG_SHRINK=0, which shows the first failure as it was found.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import pgmg
from tests.oracle import differences, dump
from tests.property import edits, facts
from tests.property.projects import create_roles, told_anew, write
from tests.property.world import Chooser, Trigger, World, chance, pick, refusals

SEQUENCES = int(os.environ.get("PGMG_SEQUENCES", "25"))
SEED = os.environ.get("PGMG_SEED", "0")
FIRST = random.SystemRandom().randrange(10**9) if SEED == "random" else int(SEED)
A_SHARD = 25  # sequences that one test runs: what xdist can hand out
ROUNDS = 6
_RESET = "DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"


class _Drawn:
    """A chooser whose choices hypothesis makes, and shrinks."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, limit: int) -> int:
        return self._data.draw(st.integers(0, limit - 1)) if limit > 1 else 0


@dataclass
class Pair:
    """The database that everything happens to, and the one that is built from nothing each time."""

    lived: psycopg.Connection
    fresh: psycopg.Connection
    lived_dsn: str
    fresh_dsn: str

    def reset(self, conn: psycopg.Connection) -> None:
        conn.execute(_RESET)


@pytest.fixture(scope="module")
def pair(server) -> Iterator[Pair]:
    create_roles(server.admin)
    lived_dsn, fresh_dsn = server.create(), server.create()
    with (
        psycopg.connect(lived_dsn, autocommit=True) as lived,
        psycopg.connect(fresh_dsn, autocommit=True) as fresh,
    ):
        yield Pair(lived, fresh, lived_dsn, fresh_dsn)
    server.drop(lived_dsn)
    server.drop(fresh_dsn)


# --- folders


def _as_case(old: World, new: World, options: pgmg.PlanOptions, hand: list[str]) -> str:
    """Write before and after down as a case; return where it is and what is in it."""
    case = Path(tempfile.mkdtemp(prefix="pgmg-case-"))
    before, after = old.files(), new.files()
    write(case / "before", before)
    write(case / "after", {path: text for path, text in after.items() if before.get(path) != text})
    (case / "after" / "deleted.txt").write_text("".join(f"{path}\n" for path in before if path not in after))
    (case / "hand.sql").write_text("".join(f"{statement};\n" for statement in hand))
    rewrite = "true" if options.rewrite_tables else "false"
    (case / "case.toml").write_text(f'recreate = "{options.recreate.value}"\nrewrite_tables = {rewrite}\n')
    (case / "expected.txt").write_text("")
    shown = [f"{path.relative_to(case)}:\n{path.read_text()}" for path in sorted(case.rglob("*")) if path.is_file()]
    return f"{case}\n\n" + "\n".join(shown)


# --- one sequence


class Life:
    """One project from its first apply to its last."""

    def __init__(self, choose: Chooser, pair: Pair, root: Path) -> None:
        self.choose, self.pair, self.root = choose, pair, root
        self.world = World()
        self.told: list[str] = []
        self.by_hand: list[str] = []
        self.compared = False

    def run(self) -> None:
        self.pair.reset(self.pair.lived)
        (self.root / "fresh").mkdir(exist_ok=True)
        for folder in (self.root, self.root / "fresh"):
            write(folder, {})
            (folder / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\n')
        with pgmg.Project.open(self.root, connection_string=self.pair.lived_dsn) as project:
            for number in range(ROUNDS):
                self.told.append(f"round {number}:")
                self._by_hand()
                old = self.world.copy()
                self._edit(first=number == 0)
                self._bring(project, old)
        different = _different(dump(self.pair.fresh_dsn), dump(self.pair.lived_dsn)) if self.compared else []
        assert not different, "\n".join([*self.told, *different])

    def _by_hand(self) -> None:
        for _ in range(self.choose.below(4) if self.world.objects else 0):
            before = self.world.copy()
            statements = pick(self.choose, edits.HAND)(self.world, self.choose)
            try:
                with self.pair.lived.transaction():
                    for statement in statements:
                        self.pair.lived.execute(statement)
            except psycopg.Error as error:
                self.world = before
                self.told.append(f"  by hand, in vain: {'; '.join(statements)} ({error})")
                continue
            finally:
                self.pair.lived.execute("RESET ROLE")
            self.told += [f"  by hand: {statement}" for statement in statements]
            self.by_hand += statements
            lost = next((int(s.split()[-1]) for s in statements if s.startswith("-- lost")), 0)
            gone = {lost, *(o.id for o in self.world.of(Trigger) if o.on == lost)}
            self.world.hand = [done for done in self.world.hand if done.on not in gone]

    def _edit(self, *, first: bool) -> None:
        world, choose = self.world, self.choose
        if first:
            schema = [edits.create_schema] if chance(choose, 2) else []
            todo = [*schema, edits.create_table, *(pick(choose, edits.NEW) for _ in range(3 + choose.below(4)))]
        else:
            todo = [pick(choose, edits.CHANGES) for _ in range(choose.below(4))]
            todo += [pick(choose, edits.MIGRATIONS) for _ in range(choose.below(3))]
        for edit in todo:
            done = edit(world, choose)
            world.repair()
            if done:
                self.told.append(f"  {done}")

    def _bring(self, project: pgmg.Project, old: World) -> None:
        """Apply, and hold what came of it against the oracle."""
        new, lived = self.world, self.pair.lived
        mode = pick(self.choose, list(pgmg.Recreate))
        options = pgmg.PlanOptions(recreate=mode, rewrite_tables=chance(self.choose, 4))
        self.told.append(f"  apply {mode} {'--rewrite-tables' if options.rewrite_tables else ''}")
        must, may = refusals(old, new, rewrite=options.rewrite_tables)
        if (must or may) and "CONCURRENTLY" in str(new.migrations[len(old.migrations) :]):
            self.told.append("  not tried: what commits by itself would stay when the rest is refused")
            self.world, self.compared = old, False
            return
        hand = [s for done in old.hand for s in old.statement(done)]
        new.keep(old)
        write(self.root, new.files())
        before = facts.read(lived)
        try:
            try:
                plan = project.plan(options)
                result = project.apply(plan, yes=True)
            except pgmg.PgmgError as error:
                assert must or may, f"refused without a reason: {error}"
                self.told.append(f"  refused, as it had to be ({must + may})")
                assert facts.read(lived) == before
                self.world, self.compared = old, False
                return
            assert not must, f"this had to be refused: {must}"
            after = facts.read(lived)
            self._same_as_from_nothing(after)
            settled = project.plan(options)
            left = [f"{s.action} {s.object}: {s.sql}" for s in settled.steps]
            assert not left, f"left to do: {left}"
            _nothing_else_made_anew(before, after, result)
        except Exception as error:
            error.add_note("\n".join(self.told))
            error.add_note("as a case: " + _as_case(old, new, options, [*hand, *self.by_hand]))
            raise
        self.by_hand.clear()
        self.compared = True

    def _same_as_from_nothing(self, found: facts.Facts) -> None:
        fresh = self.pair.fresh
        self.pair.reset(fresh)
        write(self.root / "fresh", self.world.files())
        with pgmg.Project.open(self.root / "fresh", connection_string=self.pair.fresh_dsn) as project:
            project.apply(yes=True)
        for done in self.world.hand:
            for statement in self.world.statement(done):
                fresh.execute(statement)
        different = _different(facts.read(fresh).texts, found.texts)
        assert not different, "\n".join(different)


def _different(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """Compare without what only shows what once was.

    That is the column aliases that a view notes down of a function's rows, and in a default that nobody declares the
    casts to what a function took before: the catalog's text is all there is of it.
    """
    return differences(told_anew(wanted), told_anew(found))


def _nothing_else_made_anew(before: facts.Facts, after: facts.Facts, result: pgmg.ApplyResult) -> None:
    """Only what the plan drops, or converts because it was told to, may have another identity now."""
    actions: dict[str, set[str]] = {}
    for applied in result.steps:
        actions.setdefault(str(applied.step.object), set()).add(applied.step.action.value)
    for name, oid in after.oids.items():
        kind = name.partition(".")[0]
        if before.oids.get(name, oid) != oid and kind in (
            "view",
            "materialized_view",
            "function",
            "type",
            "domain",
            "table",
        ):
            allowed = {"drop", "swap"} if kind == "materialized_view" else {"drop"}
            if result.plan.options.rewrite_tables and kind in ("type", "domain"):
                allowed |= {"alter"}
            assert actions.get(name, set()) & allowed, f"{name} was made anew, and the plan does not say so"
        elif kind == "materialized_view" and before.storage.get(name, 0) not in (0, after.storage[name]):
            assert actions.get(name), f"{name} was rebuilt, and the plan does not say so"


PHASES = [Phase.generate] if os.environ.get("PGMG_SHRINK") == "0" else [Phase.generate, Phase.shrink]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("shard", range(-(-SEQUENCES // A_SHARD)))
def test_sequences(shard, pair, tmp_path):
    """Whatever is done to a project, its database is the one that would be built from nothing."""
    number = FIRST + shard
    print(f"PGMG_SEED={number} PGMG_SEQUENCES={A_SHARD} repeats this")

    @seed(number)
    @settings(
        max_examples=A_SHARD,
        deadline=None,
        database=None,
        phases=PHASES,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def lives(data):
        Life(_Drawn(data), pair, tmp_path).run()

    lives()
