"""A migration outside a transaction that was interrupted: nothing happens twice, nothing is left out (rule 9.2)."""

from __future__ import annotations

import psycopg
import pytest

import pgmg
from pgmg.applying.outside.second_try import SecondTry, finalizing, second_try
from pgmg.catalog.state.state_tables import StateTables
from pgmg.errors import UnknownOutcomeError, UsageError

HEAD = "-- pgmg: no-transaction\n"
COUNTER = "CREATE TABLE counter (n integer);\nINSERT INTO counter VALUES (0);"
COMMITTING = "DO $$ BEGIN UPDATE counter SET n = n + 1; COMMIT; END $$;"
PLAIN_DO = "DO $$ BEGIN UPDATE counter SET n = n + 1; END $$;"


@pytest.fixture
def counter(project):
    project.write("migrations/001.sql", COUNTER)
    project.apply()
    return project


def lose_the_note(monkeypatch, number: int) -> None:
    """Break the session after statement `number` was carried out and before it is noted that it is done."""
    record = StateTables.record_progress

    def broken(self, name, hash_, statements):
        if statements != number + 1:
            return record(self, name, hash_, statements)
        self._conn.close()
        raise psycopg.OperationalError("the connection was lost")

    monkeypatch.setattr(StateTables, "record_progress", broken)


def interrupt(project, monkeypatch, number: int) -> None:
    with monkeypatch.context() as patch:
        lose_the_note(patch, number)
        with pytest.raises(pgmg.PgmgError):
            project.apply()


def resumed(project, how: str) -> None:
    with project.open() as opened:
        opened.apply(resume=how)
    project.settled()
    assert project.rows("SELECT * FROM pgmg_progress") == []


@pytest.mark.parametrize(
    "statement",
    [
        PLAIN_DO,
        "CALL increase();",
        "UPDATE counter SET n = n + 1;",
        "SELECT increased();",
        "BEGIN;\nUPDATE counter SET n = n + 1;\nCOMMIT;",
    ],
)
def test_what_can_share_a_transaction_with_its_note_happens_once(counter, monkeypatch, statement):
    """Wherever it is cut; and nobody is asked."""
    counter.do(
        "CREATE PROCEDURE increase() LANGUAGE sql AS $$ UPDATE counter SET n = n + 1 $$",
        "CREATE FUNCTION increased() RETURNS void LANGUAGE sql AS $$ UPDATE counter SET n = n + 1 $$",
    )
    counter.write("migrations/002.sql", f"{HEAD}{statement}\nVACUUM counter;")
    for number in range(statement.count("\n") + 2):
        interrupt(counter, monkeypatch, number)
    counter.apply()
    counter.settled()
    assert counter.value("SELECT n FROM counter") == 1


@pytest.mark.parametrize("statement", [COMMITTING, "CALL increase();"])
@pytest.mark.parametrize(("how", "n"), [("done", 1), ("again", 2)])
def test_what_commits_by_itself_is_not_run_again_unasked(counter, monkeypatch, statement, how, n):
    """Apply stops before anything runs, says what to look at, and goes on as it is told to."""
    counter.do("CREATE PROCEDURE increase() LANGUAGE plpgsql AS $$ BEGIN UPDATE counter SET n = n + 1; COMMIT; END $$")
    counter.write(
        "migrations/002.sql", f"{HEAD}UPDATE counter SET n = n;\n{statement}\nINSERT INTO counter VALUES (7);"
    )
    interrupt(counter, monkeypatch, 1)
    assert counter.value("SELECT n FROM counter") == 1
    for _ in range(2):
        with pytest.raises(UnknownOutcomeError) as caught:
            counter.apply()
        assert str(caught.value.where) == "migrations/002.sql:3:1"
        assert "--resume done" in caught.value.hint
        assert counter.rows("SELECT n FROM counter") == [(1,)]
    resumed(counter, how)
    assert counter.rows("SELECT n FROM counter ORDER BY n") == [(n,), (7,)]


@pytest.mark.parametrize("how", ["done", "again"])
def test_an_index_without_a_name_is_not_built_twice_unasked(counter, monkeypatch, how):
    counter.write("migrations/002.sql", "CREATE INDEX CONCURRENTLY ON counter (n);")
    interrupt(counter, monkeypatch, 0)
    with pytest.raises(UnknownOutcomeError, match="CREATE INDEX CONCURRENTLY ON counter") as caught:
        counter.apply()
    assert "INVALID" in caught.value.hint
    if how == "again":
        counter.do("DROP INDEX counter_n_idx")
    resumed(counter, how)
    indexes = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'counter'::regclass"
    assert counter.rows(indexes) == [("counter_n_idx",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY counter_n ON counter (n);",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS counter_n ON counter (n);",
        "DROP INDEX CONCURRENTLY old_one;",
        "ALTER TABLE parts DETACH PARTITION part CONCURRENTLY;",
        "VACUUM counter;",
        "REINDEX TABLE CONCURRENTLY counter;",
    ],
)
def test_what_the_server_tells_is_found_out_without_asking(counter, monkeypatch, statement):
    """It exists, is gone, is detached; or it may be run any number of times."""
    counter.do(
        "CREATE INDEX old_one ON counter (n)",
        "CREATE TABLE parts (n integer) PARTITION BY LIST (n)",
        "CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)",
    )
    counter.write("migrations/002.sql", f"{HEAD}{statement}\nUPDATE counter SET n = n + 1;")
    interrupt(counter, monkeypatch, 0)
    counter.apply()
    counter.settled()
    assert counter.value("SELECT n FROM counter") == 1
    assert counter.rows("SELECT 1 FROM pg_index WHERE NOT indisvalid") == []


def test_a_detachment_that_had_only_begun_is_finished(counter, monkeypatch):
    """Its first transaction was committed, its second one was not."""
    counter.do("CREATE TABLE parts (n integer) PARTITION BY LIST (n)", "CREATE TABLE part PARTITION OF parts DEFAULT")
    counter.do("DROP TABLE part", "CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)")
    counter.write("migrations/002.sql", "ALTER TABLE parts DETACH PARTITION part CONCURRENTLY;")
    with psycopg.connect(counter.dsn) as reader:
        reader.execute("SELECT count(*) FROM parts")  # the second transaction waits for it
        with monkeypatch.context() as patch:
            patch.setattr(StateTables, "forget_progress", lambda *_: None)  # as where the session is lost
            with pytest.raises(pgmg.PgmgError), counter.open(statement_timeout="300ms") as opened:
                opened.apply()
    assert counter.value("SELECT inhdetachpending FROM pg_inherits") is True
    counter.apply()
    assert counter.rows("SELECT 1 FROM pg_inherits") == []
    counter.settled()


# -- texts that change meanwhile ---------------------------------------------------------------------------------


def test_a_corrected_migration_goes_on_after_the_statements_that_are_done(counter):
    """Comments and later statements may change."""
    counter.write("migrations/002.sql", f"{HEAD}{PLAIN_DO}\nSELECT 1 / 0;\nVACUUM;")
    with pytest.raises(pgmg.ApplyError):
        counter.apply()
    counter.write(
        "migrations/002.sql", f"{HEAD}-- corrected\n{PLAIN_DO}\n\nSELECT 1 / 1;\nUPDATE counter SET n = n + 10;"
    )
    counter.apply()
    counter.settled()
    assert counter.value("SELECT n FROM counter") == 11


@pytest.mark.parametrize(("how", "n"), [("done", 11), ("again", 111)])
def test_other_statements_than_those_that_are_done_are_asked_about(counter, how, n):
    counter.write("migrations/002.sql", f"{HEAD}{PLAIN_DO}\nSELECT 1 / 0;")
    with pytest.raises(pgmg.ApplyError):
        counter.apply()
    counter.write(
        "migrations/002.sql",
        f"{HEAD}UPDATE counter SET n = n + 100;\nUPDATE counter SET n = n + 10;",
    )
    with pytest.raises(UnknownOutcomeError, match="The first statement of its earlier text") as caught:
        counter.apply()
    assert "Nothing has been changed" in caught.value.hint
    resumed(counter, how)
    assert counter.value("SELECT n FROM counter") == n


def test_to_resume_where_nothing_is_in_doubt_is_refused(counter):
    counter.write("migrations/002.sql", f"{HEAD}{PLAIN_DO}")
    with counter.open() as opened, pytest.raises(UsageError, match="--resume"):
        opened.apply(resume="again")
    assert counter.value("SELECT n FROM counter") == 0


def test_secrets_of_a_statement_in_doubt_are_not_shown(counter, monkeypatch):
    secret = "DO $$ BEGIN PERFORM 'postgres://a:sekret-word@b/c'; COMMIT; END $$"
    counter.write("migrations/002.sql", f"{HEAD}{secret};")
    interrupt(counter, monkeypatch, 0)
    with pytest.raises(UnknownOutcomeError) as caught:
        counter.apply()
    assert "sekret-word" not in f"{caught.value} {caught.value.where} {caught.value.hint}"


# -- what a second try does --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('CREATE INDEX CONCURRENTLY "on" ON t (a)', SecondTry.TELLS),
        ("create index concurrently /* on */ if not exists i on t (a)", SecondTry.TELLS),
        ("CREATE UNIQUE INDEX CONCURRENTLY -- name\nON t (a)", SecondTry.UNKNOWN),
        ("CREATE DATABASE d", SecondTry.TELLS),
        ("DROP TABLESPACE s", SecondTry.TELLS),
        ("ALTER SYSTEM SET work_mem = '1MB'", SecondTry.REPEATS),
        ("ALTER SUBSCRIPTION s ADD PUBLICATION p", SecondTry.TELLS),
        ("ALTER TABLE a.t DETACH PARTITION b.p CONCURRENTLY", SecondTry.FINALIZES),
        ("CALL p()", SecondTry.UNKNOWN),
        ("SELECT dblink_exec('…')", SecondTry.UNKNOWN),
    ],
)
def test_statements_are_told_apart_by_their_words(statement, expected):
    assert second_try(statement) is expected


def test_a_detachment_is_finalized_by_its_last_word():
    assert finalizing("ALTER TABLE t DETACH PARTITION p CONCURRENTLY -- now") == (
        "ALTER TABLE t DETACH PARTITION p FINALIZE -- now"
    )
