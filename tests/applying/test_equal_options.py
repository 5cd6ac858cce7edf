"""Options of relations: what means the same is equal, what is declared is put back, what was set by hand stays.

The server is the oracle: it reads the words as Booleans and the digits as numbers.
"""

from __future__ import annotations

from itertools import product

import psycopg
import pytest

from pgmg.model.database.option_values import same_value, truth
from pgmg.model.plans.plan import ChangeKind

WORDS = sorted(
    {
        word[:n].swapcase() if n % 2 else word[:n]
        for word in ("true", "false", "yes", "no", "on", "off")
        for n in range(1, 6)
    }
)
NUMBERS = ["0", "1", "1.0", "0.0", "-1", "70", "70.0", "0.10", ".1", "1e-1", "100000", "1E5"]


def test_words_mean_what_the_server_reads(database):
    with psycopg.connect(database, autocommit=True) as conn:
        for word in [*WORDS, "1", "0", "2", "", "auto", "tru e"]:
            try:
                said = conn.execute("SELECT %s::text::boolean", [word]).fetchone()[0]
            except psycopg.Error:
                said = None
            assert truth(word) is said, word


def test_numbers_mean_what_the_server_reads(database):
    with psycopg.connect(database, autocommit=True) as conn:
        for one, other in product(NUMBERS, NUMBERS):
            (same,) = conn.execute("SELECT %s::text::numeric = %s::text::numeric", [one, other]).fetchone()
            assert same_value(one, other) == same, (one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("auto", "on"), ("local", "cascaded"), ("010", "8"), ("010", "10"), ("0x10", "16"), ("o", "off"), ("nan", "NaN ")],
)
def test_what_is_no_word_and_no_number_is_compared_as_text(one, other):
    assert not same_value(one, other)
    assert same_value(one, one)


TABLE = "CREATE TABLE t (a integer, b text)"
DECLARED = {
    "VIEW": ("CREATE VIEW it {} AS SELECT a FROM t", {
        "security_barrier": ("bool", ["true", "off", "1"]),
        "check_option": ("text", ["local", "cascaded"]),
    }),
    "MATERIALIZED VIEW": ("CREATE MATERIALIZED VIEW it {} AS SELECT a, b FROM t", {
        "fillfactor": ("numeric", ["70", "'70'"]),
        "autovacuum_enabled": ("bool", ["off", "false"]),
        "autovacuum_vacuum_scale_factor": ("numeric", ["0.10", "'.1'", "0.2"]),
        "toast.autovacuum_enabled": ("bool", ["off", "true"]),
    }),
    "INDEX": ("CREATE INDEX it ON t (a) {}", {
        "fillfactor": ("numeric", ["90", "50"]),
        "deduplicate_items": ("bool", ["off", "false", "on"]),
    }),
}  # fmt: skip
CASES = [(kind, option) for kind, (_, options) in DECLARED.items() for option in options]
OPTIONS = """
SELECT o FROM pg_class c LEFT JOIN pg_class x ON x.oid = c.reltoastrelid
CROSS JOIN LATERAL (SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(x.reloptions)) AS u (o) WHERE c.relname = 'it'
"""


@pytest.mark.parametrize(("kind", "option"), CASES, ids=[f"{kind} {option}" for kind, option in CASES])
def test_an_option_set_by_hand_is_a_difference_where_its_value_is(project, kind, option):
    text, options = DECLARED[kind]
    type_, values = options[option]
    project.do(TABLE)
    (other,) = [o for o in options if o != option][:1]
    by_hand = options[other][1][-1]
    for declared, hand in product(values, values):
        (same,) = project.rows(f"SELECT {_literal(declared)}::{type_} = {_literal(hand)}::{type_}")[0]
        project.write("sql/it.sql", text.format(f"WITH ({option} = {declared})") + ";\n")
        project.apply()
        project.settled()
        project.do(f"ALTER {kind} it SET ({option} = {hand}, {other} = {by_hand})")
        before = _options(project)
        oid = project.value("SELECT 'it'::regclass::oid::bigint")
        plan = project.plan()
        assert [change.change for change in plan.changes] == ([] if same else [ChangeKind.DRIFTED])
        assert bool(plan.steps) is not same
        project.do("DELETE FROM pgmg_state")
        assert bool(project.plan().steps) is not same, "adopted"
        project.apply()
        project.settled()
        after = _options(project)
        assert after[other] == before[other], "set by hand"
        (kept,) = project.rows(f"SELECT '{after[option]}'::{type_} = {_literal(declared)}::{type_}")[0]
        assert kept
        assert project.value("SELECT 'it'::regclass::oid::bigint") == oid, "changed in place"
        project.do(f"ALTER {kind} it RESET ({other})")
        project.apply()


def _options(project) -> dict[str, str]:
    return dict(row[0].split("=", 1) for row in project.rows(OPTIONS))


def _literal(value: str) -> str:
    return value if value.startswith("'") else f"'{value}'"


@pytest.mark.parametrize(
    "option", ["security_barrier", pytest.param("security_invoker", marks=pytest.mark.pg(">= 15"))]
)
def test_what_is_declared_off_is_off_where_nobody_has_said_anything(project, option):
    project.do(TABLE, "CREATE VIEW it AS SELECT a FROM t")
    project.write("sql/it.sql", f"CREATE VIEW it WITH ({option} = off) AS SELECT a FROM t;\n")
    assert not project.plan().steps
    project.do(f"ALTER VIEW it SET ({option})")
    assert project.plan().steps
