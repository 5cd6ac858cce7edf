"""One mask hides every form of secret, and no more than it has to (rule 11.3)."""

from __future__ import annotations

import itertools
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgmg.model.secrets import HIDDEN, clauses, mask_secrets, secret_spans, secrets_in
from tests.secrets.forms import LOOSE, SECRET, SQL

FORMS = [pytest.param(form, id=form.name) for form in (*SQL, *LOOSE)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_hidden(form):
    shown = mask_secrets(form.planted(SECRET))
    assert SECRET not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize("form", FORMS)
def test_what_is_hidden_stays_hidden_in_lines_and_in_a_second_pass(form):
    shown = mask_secrets(form.planted(SECRET))
    assert SECRET not in mask_secrets(shown)
    assert mask_secrets(mask_secrets(shown)) == mask_secrets(shown)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_of_several_words_is_hidden_as_well(form):
    """Not where only a blank ends it."""
    if "'§" not in form.text or form.name in ("role, opening quote forgotten", "hstore"):
        return
    assert SECRET not in mask_secrets(form.planted(f"{SECRET} and {SECRET}"))


@pytest.mark.parametrize("form", FORMS)
def test_a_token_of_any_length_is_hidden_to_its_end(form):
    """Some services give out passwords of thousands of characters; each word of this one stands in it once."""
    token = "x".join(f"{number:05}" for number in range(900))
    shown = mask_secrets(form.planted(token))
    assert not re.search(r"\d{5}x\d{5}", shown)


ENDS_IT = {
    "role, opening quote forgotten": ";.-",
    "role, no quotes": ";.-",
    "role, after a broken constant": "-",
    "role, dollars": "$",
    "dynamic, a variable": "$",
    "dynamic, a variable of any name": "$",
    "dynamic, escaped": "$",
    "URL, blank in it": "#,/?@",
}
"""Characters that end the secret for PostgreSQL, too, or that begin a comment, or that nobody could read there."""


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_of_any_characters_is_hidden_to_its_end(form):
    """It begins with a digit, with a sign or with two, or has one in its middle; only quotes and blanks end it."""
    shown = {}
    for sign in set(string.digits + string.punctuation) - set("'\"" + ENDS_IT.get(form.name, "")):
        for secret in (f"{sign}qwvx", f"7{sign}qwvx", f"{sign}{sign}7qwvx", f"zk{sign}qwvx"):
            masked = mask_secrets(form.planted(secret))
            if "qwvx" in masked:
                shown[secret] = masked
    assert shown == {}


@pytest.mark.parametrize(
    "value", ["$1", "${PASSWORD}", "$PASSWORD", "%s", "%(password)s", "{password}", "{{password}}", "?"]
)
def test_what_stands_for_a_secret_is_shown(value):
    assert mask_secrets(f"host=h password={value} user=u") == f"host=h password={value} user=u"


@pytest.mark.parametrize("form", [pytest.param(form, id=form.name) for form in SQL])
@pytest.mark.parametrize(
    "around",
    [
        "CREATE TABLE t (n int);\n{};\nSELECT 1",
        "DO $body$ BEGIN {}; END $body$",
        "SELECT 'it''s', \"a\"\"b\"; /* 'a */ {}",
        "ERROR: it failed\nSTATEMENT: {}",
    ],
)
def test_every_form_is_hidden_among_other_statements(form, around):
    assert SECRET not in mask_secrets(around.replace("{}", form.planted(SECRET)))


@pytest.mark.parametrize(
    "text",
    [
        "ALTER ROLE r PASSWORD NULL",
        "SELECT password FROM users",
        "format('PASSWORD %L', x)",
        "https://a.b/c",
        "SELECT 'a:b@c'",
        "UPDATE u SET password=h, x=1",
        "SELECT 1 WHERE u.password = h.hash",
        'cannot create view.api_token: relation "x" does not exist',
        "Check user and password; the password file, PGPASSWORD and ${NAME} in pgmg.toml all work.",
        'password authentication failed for user "bob"',
        "Server: localhost:5432 as bob, database d",
        "postgresql://bob@h/d",
        "postgresql://[::1]:5432/d",
        "postgresql://h1:5432,h2:5433/d",
        "The password is wrong, see https://h:80/",
        "COMMENT ON COLUMN users.password IS 'the hash'",
        "CREATE TYPE login AS ENUM ('password', 'oauth')",
        "SELECT CASE kind WHEN 'password' THEN 'x' END",
        "SELECT kind IN ('password', 'oauth') AND who = 'x'",
        "RAISE EXCEPTION 'wrong password' USING ERRCODE = '28P01'",
        "CREATE VIEW v AS SELECT id, password IS NOT NULL AS has_password, 'x' AS kind FROM users",
        "  - view.secrets (depends on modified tables)",
        "function.f() would fail, sql/reset_password.sql:45: schema x does not exist",
        "sql/api_key.sql:1:14: cannot create view.api_key",
        "GRANT SELECT ON secrets TO bob",
        "SET password_encryption = 'scram-sha-256'",
        "SELECT 'Ann' AS secretary",
        "CREATE TABLE t (id int PRIMARY KEY, token_id int, note text DEFAULT 'x')",
        "CREATE FUNCTION f(password text) RETURNS boolean LANGUAGE sql AS $$ SELECT u.password = f.password AND x = 'a' FROM u $$",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(text):
    assert mask_secrets(text) == text


def test_only_the_secret_is_replaced():
    text = "ALTER ROLE a PASSWORD 'x1';\nCREATE VIEW v AS SELECT 'y' AS y;\nALTER ROLE b PASSWORD $q$x2$q$"
    assert mask_secrets(text) == text.replace("x1", HIDDEN).replace("x2", HIDDEN)


def test_a_known_secret_is_hidden_wherever_it_is_repeated():
    """A server quotes what it does not understand, without the word that says what it is."""
    text = "ALTER ROLE r PASSWORD 'hid den\nx"
    for said in ("'hid den\nx", "'hid den", '"hid"'):
        assert "hid" not in mask_secrets(f"unterminated quoted string at or near {said}", secrets_in(text))


@given(st.text(alphabet="paswordPSWD='\"$q\\E:@/ %L,();-*\nx1", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_masked_without_failing(text):
    spans = secret_spans(text)
    assert list(spans) == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))


@pytest.mark.parametrize(
    "piece",
    [
        "password ",
        "'",
        "password = (",
        "EXECUTE 'ALTER ROLE r PASSWORD ' || x;\n",
        "http://",
        "$a$ password ",
        "'x' AS password, ",
        "\\password '",
        "/* password ",
    ],
)
def test_the_work_grows_as_the_text_does(monkeypatch, piece):
    """Hostile texts: how many characters are cut into tokens, on all levels together."""
    cut = []
    cut_into_tokens = clauses.tokens
    monkeypatch.setattr(clauses, "tokens", lambda text: cut.append(len(text)) or cut_into_tokens(text))

    def work(times: int) -> int:
        cut.clear()
        secret_spans(f"SELECT f(password {piece * times}")
        return sum(cut)

    assert work(3000) < 12 * work(300)
