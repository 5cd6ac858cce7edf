"""Deep SQL is read, or refused with its place; it never ends the process (PostgreSQL manual, 20.4: max_stack_depth)."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from pgmg.errors import SourceErrors
from pgmg.model.sources.source import CodeFile, MigrationFile
from pgmg.source import normal_form, parse_file, parse_migration
from pgmg.source.columns.result_names import result_names
from pgmg.source.grammar import recursion
from pgmg.source.grammar.lexer import flat_comments

CHAINS = {
    "casts": "1{}::int",
    "concatenations": "'a'{}||'a'",
    "sums": "1{}+1",
    "collations": "'a'{} COLLATE \"C\"",
    "subscripts": "(ARRAY[1]){}[1]",
    "tests": "1{} IS NULL",
    "set operations": "1{} UNION ALL SELECT 1",
    "operators": "1{} OPERATOR(pg_catalog.+) 1",
    "conditions": "true{} AND true",
    "alternatives": "true{} OR true",
    "lists": "1 IN (1{},1)",
    "negations": "{}- 1",
    "parentheses": "{}(1",
    "calls": "{}abs(1",
    "cases": "{}CASE WHEN true THEN 1",
    "subqueries": "{}(SELECT 1",
}


def chain(name: str, times: int) -> str:
    start, piece = CHAINS[name].split("{}")
    if start:
        end = ")" if piece == ",1)" else ""
        return f"{start}{piece.removesuffix(end) * times}{end}"
    closing = {"(": ")", "abs(": ")", "(SELECT": ")", "CASE": " END"}
    begins = piece.removesuffix("1").strip() + " "
    end = next((closing[word] for word in closing if begins.startswith(word)), "")
    return begins * times + "1" + end * times


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("times", [10, 1_500, 9_000])
def test_a_chain_of_any_length_is_read_or_refused_with_its_place(name, times):
    sql = f"SELECT 1;\nCREATE VIEW v AS SELECT {chain(name, times)} AS a;"
    refused = []
    for read in (parse_migration, parse_file):
        try:
            read(
                MigrationFile("a.sql", "a.sql", sql, "") if read is parse_migration else CodeFile("a.sql", sql[10:], "")
            )
        except SourceErrors as error:
            refused.append(error)
    for error in refused:
        assert error.problems[0].where.line == 2 if error is refused[0] else 1
        assert len(str(error)) < 2_000
        assert times > 10
    assert normal_form(sql)
    result_names(f"SELECT {chain(name, times)}")


@pytest.mark.parametrize("name", [name for name in CHAINS if CHAINS[name].startswith(("1", "'", "true", "("))])
def test_what_is_much_too_deep_is_refused_without_being_parsed(name):
    """Conditions and lists are flat, however long they are."""
    sql = f"CREATE VIEW v AS SELECT {chain(name, 50_000)} AS a"
    assert recursion.is_too_deep(sql) == (name not in ("conditions", "alternatives", "lists"))


def test_a_process_survives_hundreds_of_thousands_of_operators():
    """In a process of its own: nobody could catch what would happen."""
    program = (
        "from pgmg.source import parse_file\nfrom pgmg.model.sources.source import CodeFile\n"
        "try:\n parse_file(CodeFile('a.sql', 'CREATE VIEW v AS SELECT 1' + '::int' * 300_000, ''))\n"
        "except Exception as error: print(type(error).__name__, error.problems[0].where)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "SourceErrors a.sql:1:1"), done.stderr


def test_a_thread_with_a_small_stack_reads_the_same():
    """A watcher reads in a thread, whose stack may be small."""
    sql = f"CREATE VIEW v AS SELECT {chain('casts', 9_000)} AS a"
    found = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(parse_file(CodeFile("a.sql", sql, ""))))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert [source.sql for source in found[0]] == [sql]


def test_no_memory_for_a_stack_is_an_error_with_its_place(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(SourceErrors, match="nested too deeply") as caught:
        parse_file(CodeFile("a.sql", f"CREATE VIEW v AS SELECT {chain('casts', 9_000)} AS a", ""))
    assert str(caught.value.problems[0].where) == "a.sql:1:1"


def test_the_limit_of_calls_is_what_it_was_afterwards():
    before = sys.getrecursionlimit()
    parse_file(CodeFile("a.sql", f"CREATE VIEW v AS SELECT {chain('casts', 9_000)} AS a", ""))
    assert sys.getrecursionlimit() == before


def test_comments_in_comments_are_no_work():
    """The grammar's scanner would take a time that grows with the square of their depth."""
    inner = "/* Ärger " * 20_000 + "x" + "*/" * 20_000
    sql = f"{inner} CREATE VIEW v AS SELECT 1 AS a, '/* no comment */' AS b;"
    flat = flat_comments(sql)
    assert len(flat) == len(sql)
    assert flat.count("/*") == 2
    assert flat.endswith(" CREATE VIEW v AS SELECT 1 AS a, '/* no comment */' AS b;")
    (view,) = parse_file(CodeFile("a.sql", sql, ""))
    assert (view.sql, view.location.column) == (sql[len(inner) + 1 : -1], len(inner) + 2)
    assert flat_comments("a /* b /* c") == "a /* b    c"
    assert flat_comments("/* / /* */*/ a") == "/* /      */ a"
