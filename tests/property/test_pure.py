"""Properties of the functions that need no server: spelling, texts, orders."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from psycopg import sql

from pgmg.errors import CycleError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import literal, quote, spell
from pgmg.model.plans.plan import Action
from pgmg.planning.steps.nodes import Node, Phase
from pgmg.planning.steps.ordering import order
from pgmg.source.grammar.rewriting import or_replace, plain_create, same_but_formatting, split_statements
from pgmg.source.project_files import natural_key

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


# --- spelling


@given(TEXT)
def test_an_identifier_is_quoted_as_psycopg_quotes_it(name):
    """Two authors, one spelling."""
    assert quote(name) == sql.Identifier(name).as_string(None)


@given(TEXT)
def test_an_identifier_is_spelled_plainly_or_quoted(name):
    """What is not quoted is lower case and would not be folded."""
    spelled = spell(name)
    assert spelled == quote(name) or (spelled == name == name.lower() and name.isascii())


@given(TEXT)
def test_a_literal_is_written_as_psycopg_writes_it(text):
    """Two authors, one spelling."""
    assert literal(text) == sql.Literal(text).as_string(None)


# --- texts

STATEMENTS = (
    "CREATE VIEW v AS SELECT a . b , 'x''y' AS \"q q\" FROM t WHERE a <> 1 OR b = E'\\n' AND c @> '{1}'",
    "CREATE FUNCTION f ( a integer , b text = 'x' ) RETURNS integer LANGUAGE sql AS $body$ SELECT 1 -- no comment\n $body$",
    "CREATE OR REPLACE FUNCTION s . g ( ) RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW ; END $$",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS m AS TABLE t WITH NO DATA",
    "CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN ( OLD . a IS DISTINCT FROM NEW . a ) EXECUTE FUNCTION f ( )",
    "GRANT SELECT ( a , b ) ON TABLE v TO PUBLIC WITH GRANT OPTION",
    "COMMENT ON VIEW v IS U&'d\\0061t'",
)
GAP = st.lists(
    st.sampled_from((" ", "\n", "\t", "-- aside\n", "/* aside /* nested */ */", "--\n", "/**/")), min_size=1, max_size=3
)


def _words(statement: str) -> list[str]:
    """Split at blanks that stand outside of quotes."""
    words, quoted = [""], ""
    at = 0
    while at < len(statement):
        mark = next((m for m in ("$body$", "$$", "'", '"') if statement.startswith(m, at)), "")
        if mark and quoted in ("", mark):
            quoted = "" if quoted else mark
        if statement[at] == " " and not quoted:
            words.append("")
        else:
            words[-1] += statement[at : at + max(len(mark), 1)]
        at += max(len(mark), 1)
    return words


@given(st.sampled_from(STATEMENTS), st.data())
def test_formatting_makes_no_difference(statement, data):
    """White space and comments between words, and the case of key words, mean nothing."""
    words = _words(statement)
    other = "".join(word + "".join(data.draw(GAP)) for word in words)
    assert same_but_formatting(statement, other)
    assert same_but_formatting(other, statement)
    assert same_but_formatting(or_replace(statement), or_replace(other))


@given(st.sampled_from(STATEMENTS), st.data())
def test_another_word_makes_a_difference(statement, data):
    """A word more is another statement."""
    words = _words(statement)
    words.insert(data.draw(st.integers(0, len(words))), "other")
    assert not same_but_formatting(statement, " ".join(words))


@given(st.sampled_from(STATEMENTS), st.data())
def test_or_replace_says_it_once(statement, data):
    """Adding OR REPLACE is idempotent, and taking it away leads back."""
    other = "".join(word + "".join(data.draw(GAP)) for word in _words(statement))
    assert or_replace(or_replace(other)) == or_replace(other)
    assert plain_create(plain_create(other)) == plain_create(other)
    assert same_but_formatting(plain_create(or_replace(other)), plain_create(other))


@given(st.lists(st.sampled_from(STATEMENTS), max_size=5), st.data())
def test_statements_are_split_where_they_end(statements, data):
    """Semicolons in strings, bodies and comments end nothing."""
    gaps = ["".join(data.draw(GAP)).replace("aside", "a;b") for _ in range(len(statements) + 1)]
    text = gaps[0] + "".join(f"{statement};{gap}" for statement, gap in zip(statements, gaps[1:], strict=True))
    assert list(split_statements(text)) == statements


@given(TEXT)
def test_any_text_can_be_looked_at(text):
    """Nothing that is typed makes the lexer fail, and every text is the same as itself."""
    assert same_but_formatting(text, "\n" + text)
    assert or_replace(or_replace(text)) == or_replace(text)


# --- orders


def _node(number: int) -> Node:
    name = ObjectName(Kind.VIEW, f"v{number}", "public")
    return Node(number, Phase.CREATE, Action.CREATE, name, (f"CREATE VIEW v{number} AS SELECT 1",), "")


PAIRS = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


@settings(max_examples=200, deadline=None)
@given(PAIRS, PAIRS, st.randoms(use_true_random=False))
def test_order_holds_and_is_the_same_every_time(hard, soft, shuffler: random.Random):
    """Every hard pair holds, every soft one that was not given up, however the input is shuffled."""
    nodes = {number: _node(number) for number in range(10)}
    hard = {(a, b) for a, b in hard if a < b}
    ordered, given_up = order(nodes, hard, soft)
    at = {node.id: place for place, node in enumerate(ordered)}
    assert sorted(at) == list(range(10))
    assert all(at[a] < at[b] for a, b in hard)
    assert given_up <= soft
    assert all(at[a] < at[b] for a, b in soft - given_up if a != b)
    assert not given_up or any(at[a] > at[b] for a, b in given_up)

    def shuffled(items):
        return shuffler.sample(sorted(items), len(items))

    again, same = order({n: nodes[n] for n in shuffled(nodes)}, shuffled(hard), shuffled(soft))
    assert [node.id for node in again] == [node.id for node in ordered]
    assert same == given_up


@given(st.permutations(range(6)), st.integers(2, 6), PAIRS)
def test_a_circle_of_hard_pairs_is_named(numbers, length, soft):
    """The message shows who stands in the circle."""
    circle = numbers[:length]
    hard = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    with pytest.raises(CycleError) as caught:
        order({number: _node(number) for number in range(10)}, hard, soft)
    assert all(f"view.v{number}" in str(caught.value) for number in circle)


@given(st.lists(st.from_regex(r"[0-9]{1,4}_[a-z0-9]{0,6}\.sql", fullmatch=True), unique=True))
def test_migrations_sort_by_their_numbers(names):
    """Numbers compare as numbers, whatever the folder's own order."""
    ordered = sorted(names, key=natural_key)
    numbers = [int(name.partition("_")[0]) for name in ordered]
    assert numbers == sorted(numbers)
    assert ordered == sorted(names, key=natural_key)


@given(TEXT, TEXT)
def test_any_two_names_have_an_order(one, other):
    """Digits of any script, no digits at all: sorting never fails, and different names are never equal."""
    assume(one != other)
    assert (natural_key(one) < natural_key(other)) is not (natural_key(other) < natural_key(one))
