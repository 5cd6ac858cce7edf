"""Cycles are refused whether all of it is new or an edit in place closes it with what does not change (rule 2.5)."""

from __future__ import annotations

import random

import pytest

from pgmg.errors import CycleError, PgmgError
from tests.oracle import differences, dump

VIEW = "CREATE VIEW {name} AS SELECT {what};"
ATOMIC = "CREATE FUNCTION {name}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT {what}; END;"
TEXT = "CREATE FUNCTION {name}() RETURNS bigint LANGUAGE sql AS $$ SELECT {what} $$;"
PLPGSQL = "CREATE FUNCTION {name}() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT {what}); END $$;"


def write(project, **objects):
    for name, text in objects.items():
        project.write(f"sql/{name}.sql", text)


def refused(project, *names):
    """The change is refused, nothing is changed, and the message names the cycle."""
    before = dump(project.dsn)
    with pytest.raises(CycleError) as caught:
        project.apply()
    for name in names:
        assert name in caught.value.message
    assert differences(before, dump(project.dsn)) == []
    return caught.value


def test_two_views_that_come_to_read_each_other(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"), w=VIEW.format(name="w", what="n FROM v"))
    project.apply()
    write(project, v=VIEW.format(name="v", what="n FROM w"))
    error = refused(project, "view.v", "view.w")
    assert "view.v in sql/v.sql:1" in error.message
    assert "view.w in sql/w.sql:1" in error.message
    assert {str(name) for name in error.blame} == {"view.v", "view.w"}


def test_a_view_that_comes_to_read_itself(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"))
    project.apply()
    write(project, v=VIEW.format(name="v", what="n FROM v"))
    refused(project, "view.v → view.v")


def test_a_view_that_reads_itself_from_the_beginning(project):
    write(project, v=VIEW.format(name="v", what="n FROM v"))
    with pytest.raises(PgmgError):
        project.apply()


def test_a_recursive_view_reads_itself_legally(project):
    text = "CREATE RECURSIVE VIEW v (n) AS SELECT 1 UNION ALL SELECT n + {step} FROM v WHERE n < 9;"
    write(
        project,
        v=text.format(step=1),
        w="CREATE VIEW w AS WITH RECURSIVE w (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n < 3) SELECT n FROM w;",
    )
    project.apply()
    write(project, v=text.format(step=2))
    project.apply()
    assert project.value("SELECT max(n) FROM v") == 9
    assert project.value("SELECT max(n) FROM w") == 3


def test_parsed_functions_that_come_to_call_each_other(project):
    write(project, f=ATOMIC.format(name="f", what="1::bigint"), g=ATOMIC.format(name="g", what="f()"))
    project.apply()
    write(project, f=ATOMIC.format(name="f", what="g()"))
    refused(project, "function.f()", "function.g()")
    write(project, f=ATOMIC.format(name="f", what="f()"))
    refused(project, "function.f() → function.f()")


@pytest.mark.parametrize("body", [TEXT, PLPGSQL])
def test_functions_whose_bodies_are_text_may_call_each_other(project, body):
    write(project, f=body.format(name="f", what="1::bigint"), g=body.format(name="g", what="f()"))
    project.apply()
    write(project, f=body.format(name="f", what="g()"))
    project.apply()
    project.settled()


def test_a_function_without_a_parsed_body_opens_the_cycle(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"), f=TEXT.format(name="f", what="count(*) FROM v"))
    project.apply()
    write(project, v=VIEW.format(name="v", what="1 AS n WHERE f() > 0 OR true"))
    project.apply()
    project.settled()


def test_what_nobody_declared_closes_a_cycle_too(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"))
    project.apply()
    project.do("CREATE VIEW by_hand AS SELECT n FROM v")
    write(project, v=VIEW.format(name="v", what="n FROM by_hand"))
    refused(project, "view.v", "view.by_hand")


def test_a_new_object_between_old_ones(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"), w=VIEW.format(name="w", what="n FROM v"))
    project.apply()
    write(project, v=VIEW.format(name="v", what="n FROM x"), x=VIEW.format(name="x", what="n FROM w"))
    refused(project, "view.v", "view.w", "view.x")


def test_a_cycle_that_a_second_edit_opens_again_is_none(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"), w=VIEW.format(name="w", what="n FROM v"))
    project.apply()
    write(project, v=VIEW.format(name="v", what="n FROM w"), w=VIEW.format(name="w", what="2 AS n"))
    project.apply()
    assert project.value("SELECT n FROM v") == 2
    project.settled()


def test_a_deleted_object_closes_nothing(project):
    write(project, v=VIEW.format(name="v", what="1 AS n"), w=VIEW.format(name="w", what="n FROM v"))
    project.apply()
    project.remove("sql/w.sql")
    write(project, v=VIEW.format(name="v", what="n FROM w"))
    with pytest.raises(PgmgError):  # it is gone, and nothing of the name is there
        project.apply()


def test_an_overload_of_the_same_name_is_another_function(project):
    one = "CREATE FUNCTION f(n integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT n::bigint; END;"
    two = "CREATE FUNCTION f(t text) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT f(length(t)){more}; END;"
    write(project, one=one, two=two.format(more=""))
    project.apply()
    write(project, two=two.format(more=" + 0"))
    project.apply()
    assert project.value("SELECT f('abc')") == 3


def test_a_table_that_took_a_views_type_later_is_no_cycle(project):
    """Built from nothing, the migrations come in their order, and so does what they need."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    write(project, v=VIEW.format(name="v", what="id FROM t"))
    project.apply()
    project.write("migrations/002.sql", "CREATE TABLE log (entry v); ALTER TABLE log ADD COLUMN id integer;")
    project.apply()
    write(project, v=VIEW.format(name="v", what="id FROM t WHERE id > 0"))
    project.apply()
    project.settled()


# -- random graphs --------------------------------------------------------------------------------------


class Graph:
    """Objects 0 to n-1 with the numbers that each reads: the model knows which edits close a cycle."""

    def __init__(self, rng, count):
        self.kinds = [rng.choice(["view", "view", "atomic", "materialized"]) for _ in range(count)]
        self.reads = [{m for m in range(number) if rng.random() < 0.4} for number in range(count)]

    def text(self, number):
        parts = [str(number), *(self._use(m) for m in sorted(self.reads[number]))]
        what = " + ".join(parts)
        match self.kinds[number]:
            case "atomic":
                return f"CREATE FUNCTION o{number}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT ({what})::bigint; END;"
            case "materialized":
                return f"CREATE MATERIALIZED VIEW o{number} AS SELECT ({what})::bigint AS n;"
            case _:
                return f"CREATE VIEW o{number} AS SELECT ({what})::bigint AS n;"

    def _use(self, number):
        return f"o{number}()" if self.kinds[number] == "atomic" else f"(SELECT max(n) FROM o{number})"

    def has_cycle(self):
        done, on_way = set(), set()

        def visit(number):
            if number in on_way:
                return True
            if number in done:
                return False
            on_way.add(number)
            found = any(visit(m) for m in self.reads[number])
            on_way.discard(number)
            done.add(number)
            return found

        return any(visit(number) for number in range(len(self.reads)))


@pytest.mark.parametrize("seed", range(12))
def test_an_edit_is_refused_if_and_only_if_it_closes_a_cycle(project, seed):
    rng = random.Random(seed)
    graph = Graph(rng, 6)
    write(project, **{f"o{n}": graph.text(n) for n in range(6)})
    project.apply()
    for _ in range(12):
        before = [set(reads) for reads in graph.reads]
        for number in rng.sample(range(6), rng.choice([1, 1, 2])):
            graph.reads[number] ^= {rng.randrange(6) for _ in range(rng.choice([1, 2]))}
        write(project, **{f"o{n}": graph.text(n) for n in range(6)})
        if graph.has_cycle():
            refused(project)
            graph.reads = before
            write(project, **{f"o{n}": graph.text(n) for n in range(6)})
            continue
        project.apply()
        for number in range(6):
            use = graph._use(number)
            assert project.value(f"SELECT {use}") is not None  # it does not recurse without end
    project.settled()
