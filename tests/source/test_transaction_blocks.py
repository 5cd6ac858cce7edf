"""BEGIN and COMMIT around declarations are passed over: pgmg applies everything in one transaction (rule 1.4)."""

import pytest

from tests.source.reading import code, one, problems

VIEW = "CREATE VIEW v AS SELECT 1"
OTHER = "CREATE VIEW w AS SELECT 2"


@pytest.mark.parametrize(
    "sql",
    [
        f"BEGIN; {VIEW}; COMMIT;",
        f"begin work;\n{VIEW};\nend transaction",
        f"START TRANSACTION ISOLATION LEVEL SERIALIZABLE; {VIEW}; COMMIT WORK",
        f"-- deploys it\nBEGIN;\n\n{VIEW};\n\nCOMMIT;\n-- done",
        f"SET client_min_messages = warning; BEGIN; {VIEW}; COMMIT; RESET client_min_messages",
        f"BEGIN; DROP VIEW IF EXISTS v; COMMIT; BEGIN; {VIEW}; COMMIT",
    ],
)
def test_a_pair_is_passed_over(sql):
    assert one(sql).sql == VIEW
    assert one(sql).hash == one(VIEW).hash


def test_several_pairs_and_statements_outside_of_them_may_follow_each_other():
    found = code(f"BEGIN; {VIEW}; COMMIT; CREATE VIEW u AS SELECT 0; BEGIN; {OTHER}; END")
    assert [source.target.parts for source in found] == [("v",), ("u",), ("w",)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (f"BEGIN; {VIEW}", ["BEGIN"]),
        (f"{VIEW}; COMMIT", ["COMMIT"]),
        (f"BEGIN; {VIEW}; COMMIT; COMMIT", ["COMMIT"]),
        (f"BEGIN; BEGIN; {VIEW}; COMMIT", ["BEGIN"]),
        (f"BEGIN; {VIEW}; ROLLBACK", ["BEGIN", "ROLLBACK"]),
        (f"BEGIN; {VIEW}; COMMIT AND CHAIN", ["BEGIN", "COMMIT"]),
        (f"BEGIN; SAVEPOINT a; {VIEW}; RELEASE a; COMMIT", ["SAVEPOINT", "RELEASE"]),
        (f"BEGIN; {VIEW}; PREPARE TRANSACTION 'x'", ["BEGIN", "PREPARE TRANSACTION"]),
    ],
)
def test_other_transaction_control_is_refused(sql, words):
    said = [f"{word} does not belong under the code folder, but in a migration" for word in words]
    assert [message for _, message in problems(sql)] == said


def test_a_begin_without_commit_is_refused_with_its_place():
    assert [where for where, _ in problems(f"{VIEW};\n\n  BEGIN;\n{OTHER};")] == ["3:3"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SET a.b = 1; BEGIN; SET LOCAL a.b = 2; COMMIT; {VIEW}", ["SET a.b = 1"]),
        (f"BEGIN; SET LOCAL a.b = 2; {VIEW}; COMMIT", ["SET LOCAL a.b = 2"]),
        (f"BEGIN; SET LOCAL a.b = 2; SET a.c = 3; COMMIT; {VIEW}", ["SET a.c = 3"]),
        (f"BEGIN; SET LOCAL a.b = 2; SET a.b = 3; COMMIT; {VIEW}", ["SET a.b = 3"]),
        (f"BEGIN; SET a.b = 3; SET LOCAL a.b = 2; COMMIT; {VIEW}", ["SET a.b = 3"]),
        (f"SET a.b = 1; BEGIN; SET LOCAL a.b = 2; RESET ALL; COMMIT; {VIEW}", []),
        (f"BEGIN; SELECT set_config('search_path', 'app', true); COMMIT; {VIEW}", []),
        (f"BEGIN; SELECT set_config('search_path', 'app', false); COMMIT; {VIEW}", ["SET search_path = 'app'"]),
    ],
)
def test_what_is_set_for_a_transaction_ends_with_it(sql, expected):
    assert list(one(sql).settings) == expected
