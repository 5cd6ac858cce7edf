"""Columns through views: of the database, of what is about to change, by number of steps; where reading fails, too."""

import pytest

import pgmg
from pgmg.errors import UnknownObjectError, UsageError
from pgmg.model.plans.plan import Origin
from pgmg.model.results.graph_data import Flow
from pgmg.planning.lineage import view_readings
from pgmg.render.labels import named
from tests.source.test_lineage import CASES


@pytest.fixture
def shop(project):
    """Two tables, a chain of views, a materialized view, another schema; all applied."""
    project.write(
        "migrations/001.sql",
        """CREATE SCHEMA app;
        CREATE TABLE users (id int PRIMARY KEY, name text, active boolean);
        CREATE TABLE orders (id int, user_id int, total numeric);
        CREATE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT $1 * 0.2';""",
    )
    project.write(
        "sql/stats.sql",
        """CREATE VIEW user_stats AS
        SELECT u.id, u.name, sum(tax(o.total)) AS score, count(*) AS n
        FROM users u JOIN orders o ON o.user_id = u.id WHERE u.active GROUP BY u.id;""",
    )
    project.write("sql/top.sql", 'CREATE VIEW app."Top" AS SELECT name AS "Who", score FROM user_stats WHERE n > 3;')
    project.write("sql/m.sql", 'CREATE MATERIALIZED VIEW best AS SELECT max(score) AS high FROM app."Top";')
    project.apply()
    return project


def lines(graph):
    """Edges in short: `view.a.b < table.t.c`; other flows than values and other origins than sources are told."""
    found = []
    for edge in graph.edges:
        flow = "" if edge.flow is Flow.VALUE else f" ({edge.flow})"
        origin = "" if edge.origin is Origin.SOURCE else f" [{edge.origin}]"
        found.append(f"{named(edge.object)} < {named(edge.depends_on)}{flow}{origin}")
    return sorted(found)


def asked(project, *names, **options):
    with project.open() as opened:
        return opened.graph(names, **options)


UP = [
    "view.user_stats.score < table.orders.total",
    "view.user_stats.score < view.user_stats (condition)",
    "view.user_stats < table.orders.user_id (condition)",
    "view.user_stats < table.users.active (condition)",
    "view.user_stats < table.users.id (condition)",
]
DOWN = ['materialized_view.best.high < view.app."Top".score', 'view.app."Top".score < view.user_stats.score']


@pytest.mark.parametrize(
    "typed", ["view.user_stats.score", "user_stats.score", "column.user_stats.score", "public.user_stats.score",
              "view.user_stats.SCORE", 'view.user_stats."score"']
)  # fmt: skip
def test_a_column_is_followed_both_ways(shop, typed):
    graph = asked(shop, typed)
    assert lines(graph) == sorted(UP + DOWN)
    assert [named(name) for name in graph.asked] == ["view.user_stats.score"]
    assert graph.is_lineage
    assert graph.notes == ()


def test_as_networkx(shop):
    made = pgmg.graph(asked(shop, "best.high", upstream=1))
    ((_, _, facts),) = made.edges(data=True)
    assert facts == {"origin": Origin.SOURCE, "hard": True, "flow": Flow.VALUE}


def test_names_whose_quotes_a_shell_has_eaten(shop):
    assert 'view.app."Top"."Who" < view.user_stats.name' in lines(asked(shop, "app.Top.Who", upstream=1))
    assert asked(shop, "Top.Who", upstream=1) == asked(shop, 'app."Top"."Who"', upstream=1)


def test_steps_up_and_down(shop):
    assert lines(asked(shop, "user_stats.score", upstream=5)) == sorted(UP)
    assert lines(asked(shop, "user_stats.score", downstream=1)) == DOWN[1:]
    assert lines(asked(shop, "best.high", upstream=1)) == DOWN[:1]
    assert "view.user_stats.score < table.orders.total" in lines(asked(shop, "best.high", upstream=3))
    graph = asked(shop, "user_stats.score", upstream=0)
    assert (graph.edges, len(graph.nodes)) == ((), 1)


def test_a_column_of_a_table_leads_to_values_and_rows(shop):
    assert lines(asked(shop, "orders.total", downstream=9)) == [*DOWN, UP[0]]
    # with the rows of a view those of the views that read it change
    above = ['materialized_view.best < view.app."Top" (condition)', 'view.app."Top" < view.user_stats (condition)']
    assert lines(asked(shop, "users.active")) == [*above, UP[3]]


def test_several_columns_and_all_of_an_object(shop):
    values = [line for line in lines(asked(shop, "user_stats.name", 'app."Top"."Who"', upstream=1)) if "(" not in line]
    assert values == ['view.app."Top"."Who" < view.user_stats.name', "view.user_stats.name < table.users.name"]
    every = asked(shop, "user_stats.*", upstream=1)
    assert every == asked(shop, "user_stats.*", "user_stats.id", upstream=1)
    assert [name.name for name in every.asked] == ["id", "name", "score", "n"]
    beside = asked(shop, "best.high", "view.user_stats", upstream=1)
    assert [name.name for name in beside.asked] == ["high", "id", "name", "score", "n"]


def test_an_object_alone_is_what_it_was(shop):
    graph = asked(shop, "user_stats", upstream=1)
    assert not graph.is_lineage
    assert {"view.user_stats", "table.users", "table.orders"} <= {str(node.object) for node in graph.nodes}


def test_columns_tell_how_they_are_made(shop):
    (node,) = [node for node in asked(shop, "user_stats.score").nodes if named(node.object) == "view.user_stats.score"]
    assert node.sql == "sum(public.tax(o.total))"
    assert node.location.path == "sql/stats.sql"


@pytest.mark.parametrize(
    ("typed", "says", "hint"),
    [
        (["user_stats.scor"], "view.user_stats has no column 'scor'", "Did you mean score?"),
        (["user_stats.zzzzzz"], "has no column", "It has id, name, score, n."),
        (["user_stat.score"], "No object is named 'user_stat.score'", "user_stats"),
        (["user_stats."], "No object is named", ""),
        (["best.high", "nobody"], "No object is named 'nobody'", ""),
    ],
)
def test_unknown_columns_are_told_with_near_ones(shop, typed, says, hint):
    with pytest.raises(UnknownObjectError) as caught:
        asked(shop, *typed)
    assert says in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(("typed", "options"), [(["best.high", "tax"], {}), (["best.high"], {"changes_only": True})])
def test_what_makes_no_sense_of_columns_is_refused(shop, typed, options):
    with pytest.raises(UsageError):
        asked(shop, *typed, **options)


def test_what_is_about_to_change_is_read_from_its_source(shop):
    shop.write("migrations/002.sql", "CREATE TABLE fees (id int, fee numeric); ALTER TABLE users ADD COLUMN nick text;")
    shop.write(
        "sql/top.sql", 'CREATE VIEW app."Top" AS SELECT nick AS "Who", fee AS score FROM users JOIN fees USING (id);'
    )
    shop.write("sql/all.sql", 'CREATE VIEW everything AS SELECT *, count(*) OVER () FROM app."Top";')
    assert lines(asked(shop, "everything.score")) == [
        'view.app."Top" < table.fees.id (condition)',
        'view.app."Top" < table.users.id (condition)',
        'view.app."Top".score < table.fees.fee',
        'view.everything < view.app."Top" (condition)',
        'view.everything.score < view.app."Top".score',
        "view.everything.score < view.everything (condition)",
    ]
    graph = asked(shop, "everything.*", upstream=1)
    assert [name.name for name in graph.asked] == ["Who", "score", "count"]
    assert 'view.app."Top"."Who" < table.users.nick' in lines(asked(shop, 'app."Top"."Who"'))
    assert {node.change.value for node in graph.nodes if node.object.parent.name == "everything"} == {"new"}


def test_rows_of_pending_types_and_functions_have_their_columns(shop):
    shop.write("sql/pair.sql", "CREATE TYPE pair AS (x int, y text);")
    shop.write(
        "sql/halves.sql", "CREATE FUNCTION halves(n int, OUT a int, OUT b text) LANGUAGE sql AS 'SELECT n, n::text';"
    )
    shop.write(
        "sql/v.sql",
        "CREATE VIEW v AS SELECT (ROW(u.id, u.name)::pair).*, (halves(o.user_id)).*, (o).total FROM users u, orders o;",
    )
    graph = asked(shop, "v.*", upstream=1)
    assert [name.name for name in graph.asked] == ["x", "y", "a", "b", "total"]
    assert [line for line in lines(graph) if "(" not in line] == [
        "view.v.a < table.orders.user_id",
        "view.v.b < table.orders.user_id",
        "view.v.total < table.orders.total",
        "view.v.x < table.users.id",
        "view.v.x < table.users.name",
        "view.v.y < table.users.id",
        "view.v.y < table.users.name",
    ]


def test_formatting_and_drift(shop):
    shop.do("CREATE OR REPLACE VIEW user_stats AS SELECT id, name, 0.0 AS score, 1::bigint AS n FROM users")
    shop.write("sql/m.sql", 'CREATE MATERIALIZED VIEW best AS\n  SELECT max(score) AS high\n FROM app."Top";')
    rows = [
        'materialized_view.best < view.app."Top" (condition)',
        "materialized_view.best.high < materialized_view.best (condition)",
        'view.app."Top" < view.user_stats (condition)',
        'view.app."Top" < view.user_stats.n (condition)',
    ]
    own = [line for line in UP if line != "view.user_stats.score < view.user_stats (condition)"]
    assert lines(asked(shop, "best.high", upstream=9)) == sorted([*rows, *DOWN, *own])


def test_by_hand_and_over_partitions_and_the_catalog(shop):
    shop.do(
        "CREATE TABLE parts (id int, day date) PARTITION BY RANGE (day)",
        "CREATE VIEW by_hand AS SELECT p.day, c.relname FROM parts p, pg_class c WHERE c.relpages > p.id",
    )
    assert lines(asked(shop, "by_hand.*", upstream=1)) == [
        "view.by_hand < table.parts.id (condition)",
        "view.by_hand < table.pg_catalog.pg_class.relpages (condition)",
        "view.by_hand.day < table.parts.day",
        "view.by_hand.day < view.by_hand (condition)",
        "view.by_hand.relname < table.pg_catalog.pg_class.relname",
        "view.by_hand.relname < view.by_hand (condition)",
    ]


def test_what_cannot_be_read_is_answered_by_the_server(shop, monkeypatch):
    shop.do("CREATE VIEW odd AS SELECT j.id, u.name FROM users u JOIN orders o USING (id) AS j WHERE u.active",
            "CREATE VIEW upon AS SELECT name FROM odd")  # fmt: skip
    rows = [
        "view.upon < view.odd (condition)",
        "view.upon.name < view.odd.name",
        "view.upon.name < view.upon (condition)",
    ]
    assert lines(asked(shop, "upon.name")) == [
        "view.odd < table.orders.id (condition)",
        "view.odd < table.users.active (condition)",
        "view.odd < table.users.id (condition)",
        "view.odd.name < table.users.name",
        *rows,
    ]
    read = view_readings.trace

    def unable(query, *rest):
        if "USING" in query:
            raise view_readings.UnreadableError("it is too much")
        return read(query, *rest)

    monkeypatch.setattr(view_readings, "trace", unable)
    graph = asked(shop, "upon.name")
    assert lines(graph) == [
        "view.odd < table.orders.id (used) [catalog]",
        "view.odd < table.users.active (used) [catalog]",
        "view.odd < table.users.id (used) [catalog]",
        "view.odd < table.users.name (used) [catalog]",
        "view.odd.name < view.odd (used) [catalog]",
        *rows,
    ]
    (note,) = graph.notes
    assert note.startswith("The query of view.odd could not be followed (it is too much)")
    assert note.endswith("its columns lead to what the server recorded that it uses, as a whole.")
    assert {e.construct for e in graph.edges if e.flow is Flow.USED} == {"it is too much"}
    assert "view.upon.name < view.odd.name" in lines(asked(shop, "users.active"))


def test_what_cannot_be_read_and_is_not_there_yet_leads_to_all_that_it_names(shop):
    shop.write(
        "sql/odd.sql",
        "CREATE VIEW odd AS SELECT now(), r.* FROM orders o, json_populate_record(NULL::users, to_json(o)) AS r;",
    )
    graph = asked(shop, "odd.now")
    assert lines(graph)[:2] == ["view.odd < table.orders.id (used)", "view.odd < table.orders.total (used)"]
    assert "view.odd.now < view.odd (used)" in lines(graph)
    assert "all that it names" in graph.notes[0]


def test_the_server_is_right_where_reading_would_have_it_otherwise(shop, monkeypatch):
    from pgmg.model.results.lineage_data import ColumnUse, OutputColumn, Trace

    wrong = Trace((OutputColumn("high", (ColumnUse(("app", "Top"), "Who"),)),))
    monkeypatch.setattr(view_readings, "trace", lambda *_: wrong)
    graph = asked(shop, "best.high", upstream=1)
    assert lines(graph) == [
        'materialized_view.best < view.app."Top".score (used) [catalog]',
        "materialized_view.best.high < materialized_view.best (used) [catalog]",
    ]
    assert 'it does not use app."Top"."Who"' in graph.notes[0]


def test_whole_rows_are_all_columns(shop):
    shop.do("CREATE VIEW rows_ AS SELECT to_jsonb(u) AS j FROM users u")
    assert lines(asked(shop, "rows_.j")) == [f"view.rows_.j < table.users.{c}" for c in ("active", "id", "name")]


LIVE = """CREATE TABLE users (id int, name text, active boolean, tags text[]);
CREATE TABLE orders (id int, user_id int, total numeric, status text);
CREATE SCHEMA app; CREATE TABLE app.orders (id int, price numeric);
CREATE TABLE tree (id int, parent int, label text); CREATE TABLE "Users" ("Name" text, name text);
CREATE TYPE pair AS (x int, y int); CREATE TABLE mystery (a int, b int, c int, co pair); CREATE TABLE umlauts ("ÄÖ" int);
CREATE FUNCTION prices(int) RETURNS TABLE (total numeric, note text) LANGUAGE sql AS 'SELECT 1, null'"""


def test_the_server_agrees_with_every_query_that_is_traced(project):
    """As PostgreSQL prints them, all are read, and name nothing that it has not recorded."""
    project.do(LIVE, *(f'CREATE VIEW "v{n}" AS {query}' for n, (query, _) in enumerate(CASES.values())))
    tables = {name: {"id", "name", "active", "tags"} for name in ("users",)} | {
        "orders": {"id", "user_id", "total", "status"}
    }
    with project.open() as opened:
        for n, (what, (_, told)) in enumerate(CASES.items()):
            graph = opened.graph([f"v{n}.*"], upstream=1)
            assert graph.notes == (), what
            wanted = {}
            for line in told:
                column, _, uses = line.partition(" |")[0].partition(" <")
                if not line.startswith(("? ", "~ ")):
                    wanted[column] = {
                        full
                        for use in uses.split()
                        for table, _, name in [use.rpartition(".")]
                        for full in ({f"{table}.{c}" for c in tables[table]} if name == "*" else {use})
                    }
            found = {name.name: set() for name in graph.asked}
            for edge in graph.edges:
                if edge.flow is Flow.VALUE:
                    found[edge.object.name].add(
                        f"{edge.depends_on.parent.display_name}.{edge.depends_on.name}".replace('"', "")
                    )
            assert found == wanted, what


def test_columns_of_deep_chains_and_of_many_views_are_followed(project):
    columns = [f"c{n}" for n in range(10)]
    project.do(f"CREATE TABLE t ({', '.join(f'{c} int' for c in columns)})")
    selected = ", ".join(f"a.{c} + b.{c} AS {c}" for c in columns)
    views, names = [], ["t"]
    for n in range(300):
        left, right = names[-1] if n % 3 else names[n // 3], names[n // 2]
        views.append(f"CREATE VIEW v{n} AS SELECT {selected} FROM {left} a JOIN {right} b ON a.c0 = b.c0")
        names.append(f"v{n}")
    project.do(*views)
    with project.open() as opened:
        opened.graph(["t"])
        graph = opened.graph(["t.c1"])
    assert len([node for node in graph.nodes if node.object.name == "c1"]) == 301
