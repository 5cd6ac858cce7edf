"""Statements of every kind that holds expressions, generated: adopted where the server stores them as they are declared.

The server is the oracle: two databases, each made by plain SQL, show which definitions differ.
"""

from __future__ import annotations

import re

import psycopg
import pytest

from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import ChangeKind
from tests.catalog.expressions import EXPRESSIONS, QUERIES, SETUP

COLUMNS = ", ".join(
    f"NULL::text AS t{n}, NULL::varchar(9) AS v{n}, NULL::numeric(9, 2) AS x{n}" for n in range(len(EXPRESSIONS))
)
MORE = f"""
CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE log (LIKE t); CREATE TABLE "Log" (n int, said varchar(20)); CREATE SCHEMA app; CREATE TABLE app.t (LIKE t);
CREATE VIEW seen AS SELECT * FROM t; CREATE VIEW defaults AS SELECT {COLUMNS};
"""

FORMS = {
    Kind.VIEW: (
        "CREATE VIEW a{n} AS SELECT {e} FROM t",
        "CREATE VIEW app.b{n} AS SELECT n, ({e}) AS z FROM t WHERE ({e}) IS NULL",
    ),
    Kind.MATERIALIZED_VIEW: ("CREATE MATERIALIZED VIEW m{n} AS SELECT n, ({e}) IS NULL FROM t",),
    Kind.RULE: (
        "CREATE RULE r{n} AS ON INSERT TO log WHERE ({new}) IS NULL DO ALSO INSERT INTO \"Log\" VALUES (NEW.n, 'x')",
        "CREATE RULE s{n} AS ON UPDATE TO app.t DO ALSO (UPDATE t SET q = ({e})::text WHERE n = NEW.n; DELETE FROM log WHERE log.n IN (OLD.n, 1))",
        "CREATE RULE u{n} AS ON DELETE TO seen DO INSTEAD INSERT INTO log SELECT * FROM t WHERE ({e}) IS NOT NULL",
    ),
    Kind.POLICY: (
        "CREATE POLICY p{n} ON t USING (({e}) IS NULL)",
        "CREATE POLICY q{n} ON app.t FOR INSERT WITH CHECK (EXISTS (SELECT FROM public.t WHERE ({e}) IS NULL))",
    ),
    Kind.TRIGGER: (
        "CREATE TRIGGER g{n} BEFORE UPDATE ON t FOR EACH ROW WHEN (({new}) IS NOT NULL) EXECUTE FUNCTION on_change()",
        "CREATE CONSTRAINT TRIGGER h{n} AFTER INSERT ON app.t FOR EACH ROW WHEN (({new}) IS NULL) EXECUTE FUNCTION on_change()",
    ),
    Kind.INDEX: (
        "CREATE INDEX i{n} ON t (({e}))",
        "CREATE INDEX IF NOT EXISTS j{n} ON app.t (n) WHERE ({e}) IS NULL",
    ),
    Kind.STATISTICS: ("CREATE STATISTICS c{n} ON ({e}), n FROM t",),
    Kind.DOMAIN: (
        "CREATE DOMAIN d{n} AS text DEFAULT ({e}) CHECK (VALUE <> ({e})::text)",
        "CREATE DOMAIN app.e{n} AS varchar(9) CONSTRAINT few CHECK (VALUE IN ('a', ({e})::varchar))",
    ),
    Kind.FUNCTION: (
        "CREATE FUNCTION f{n}() RETURNS SETOF record LANGUAGE sql BEGIN ATOMIC SELECT {e} FROM t; END",
        "CREATE FUNCTION app.l{n}(p text = ({e})::text) RETURNS text LANGUAGE sql RETURN p",
    ),
    Kind.PROCEDURE: (
        "CREATE PROCEDURE k{n}() LANGUAGE sql BEGIN ATOMIC INSERT INTO log SELECT * FROM t WHERE ({e}) IS NULL; END",
    ),
    Kind.COLUMN_DEFAULT: (
        "ALTER VIEW defaults ALTER COLUMN t{n} SET DEFAULT {e}",
        "ALTER VIEW defaults ALTER COLUMN v{n} SET DEFAULT ({e})",
        "ALTER VIEW defaults ALTER COLUMN x{n} SET DEFAULT ({e})",
    ),
}  # fmt: skip
"""Statements with the number `n` and the expression `e`; `new` is the expression about the columns of NEW."""

OF_QUERIES = {
    Kind.VIEW: ("CREATE VIEW a{n} AS {e}",),
    Kind.MATERIALIZED_VIEW: ("CREATE MATERIALIZED VIEW m{n} AS {e}",),
}
"""Statements with the number `n` and the query `e`."""

SHOWN = {
    Kind.VIEW: "SELECT relname, pg_get_viewdef(oid) FROM pg_class WHERE relname ~ '^[ab][0-9]' AND relkind = 'v'",
    Kind.MATERIALIZED_VIEW: "SELECT relname, pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'm'",
    Kind.RULE: "SELECT rulename, pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename ~ '^[rsu][0-9]'",
    Kind.POLICY: "SELECT polname, concat_ws(' check ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy",
    Kind.TRIGGER: "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger",
    Kind.INDEX: "SELECT relname, pg_get_indexdef(oid) FROM pg_class WHERE relname ~ '^[ij][0-9]'",
    Kind.STATISTICS: "SELECT stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext",
    Kind.DOMAIN: "SELECT typname, concat(typdefault, pg_get_constraintdef(k.oid)) FROM pg_type t JOIN pg_constraint k ON k.contypid = t.oid WHERE typname ~ '^[de][0-9]'",
    Kind.FUNCTION: "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname ~ '^[fl][0-9]' AND pronamespace::regnamespace::text IN ('public', 'app')",
    Kind.PROCEDURE: "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE prokind = 'p'",
    Kind.COLUMN_DEFAULT: "SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum",
}  # fmt: skip
"""How the server words each of them, by name."""

OF_T = frozenset(["v", "w", "c", "q", "n", "b", "x", "f", "s", "d", "ts", "a", "j", "bo", "e", "r", "co"])
CONSTANTS = [text for text in EXPRESSIONS if text not in ("'now'::timestamptz", "'today'::date")]
"""The expressions without those that are another constant each time they are read."""


CASES = [
    *((kind, forms, CONSTANTS) for kind, forms in FORMS.items()),
    *((kind, forms, QUERIES) for kind, forms in OF_QUERIES.items()),
]
IDS = [f"{kind.value}_of_{'queries' if pool is QUERIES else 'expressions'}" for kind, _, pool in CASES]


def of_new(expression: str) -> str:
    """Return an expression about the columns of NEW; what stands in quotes stays."""
    pieces = expression.split("'")
    pieces[::2] = [re.sub(r"\w+", lambda m: f"NEW.{m[0]}" if m[0] in OF_T else m[0], piece) for piece in pieces[::2]]
    return "'".join(pieces)


def statements(kind: Kind, forms: tuple[str, ...], pool: list[str], shift: int = 0) -> dict[str, str]:
    """Return the statements by the name of what they create; `shift` chooses another expression for each name."""
    found = {}
    for form in forms:
        for number in range(len(pool)):
            expression = pool[(number + shift) % len(pool)]
            if kind is Kind.COLUMN_DEFAULT and expression == "null":
                continue  # no default, and refused
            text = form.replace("{n}", str(number)).replace("{new}", of_new(expression)).replace("{e}", expression)
            name = re.search(rf"\b[a-z]{number}\b", text)
            found[name[0]] = text
    return found


def created(dsn: str, kind: Kind, texts: dict[str, str]) -> tuple[set[str], dict[str, str]]:
    """Create what can be created; return the names of that, and how the server words what there is."""
    taken = set()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"{SETUP};{MORE}")
        for name, text in texts.items():
            try:
                conn.execute(text)
            except psycopg.Error:
                continue
            taken.add(name)
        conn.execute("SET search_path = pg_catalog")
        return taken, dict(conn.execute(SHOWN[kind]).fetchall())


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "forms", "pool"), CASES, ids=IDS)
def test_what_the_server_words_alike_is_adopted_and_nothing_else(project, server, kind, forms, pool):
    texts, others = statements(kind, forms, pool), statements(kind, forms, pool, shift=1)
    possible, shown = created(project.dsn, kind, texts)
    possible &= shown.keys()  # of `null::text` the server keeps no default
    second = server.create()
    try:
        other_possible, other_shown = created(second, kind, others)
    finally:
        server.drop(second)
    project.write("sql/all.sql", "".join(f"{texts[name]};\n" for name in possible))
    plan = project.plan()
    assert [f"{step.action} {step.object}" for step in plan.steps] == []
    assert [change.change for change in plan.changes] == [ChangeKind.ADOPTED] * len(shown)
    assert len(shown) > 80

    both = possible & other_possible & other_shown.keys()
    project.write("sql/all.sql", "".join(f"{others[name]};\n" for name in both))
    different = {name for name in both if shown.get(name) != other_shown.get(name)}
    assert len(different) > 50
    assert {step.object.name for step in project.plan().steps} == different
