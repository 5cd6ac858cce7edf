import json as standard

import jsonschema
import pytest

from pgmg.errors import ApplyError, ConfigError, SourceErrors, SyntaxProblem
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Action, Change, ChangeKind, Edge, Origin, PlanOptions, Recreate
from pgmg.model.results import events
from pgmg.model.results.events import ApplyResult
from pgmg.model.results.import_report import ImportedFile, ImportReport, LeftOut, Proof
from pgmg.model.results.refreshed import Refreshed
from pgmg.model.results.reset_report import ResetReport
from pgmg.render.json import documents
from pgmg.render.json.import_json import import_document
from tests.render import builders as made

DOCUMENTS = (
    "plan",
    "result",
    "status",
    "graph",
    "diff",
    "rows",
    "rehearsal",
    "check",
    "verification",
    "error",
    "baseline",
    "refresh",
    "history",
    "restore",
    "import",
    "reset",
    "event",
    "watch-event",
)
LEARNED = Edge(made.view("a"), made.view("b"), Origin.ERROR)
DIFFERENCE = Change(made.view("a"), ChangeKind.MODIFIED, "sql/a.sql", 1, "SELECT 1", "SELECT 2")


def validate(document, name):
    """Check a document as its readers get it: against the schema of all, and against its own."""
    read = standard.loads(documents.dumps(document))
    assert read == document
    schema = documents.schema()
    jsonschema.validate(read, schema, jsonschema.Draft202012Validator)
    jsonschema.validate(read, schema | {"$ref": f"#/$defs/{name}", "anyOf": [{}]}, jsonschema.Draft202012Validator)
    return read


def test_the_schema_is_a_valid_one_and_knows_every_document():
    schema = documents.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [entry["$ref"] for entry in schema["anyOf"]] == [f"#/$defs/{name}" for name in DOCUMENTS]
    assert set(schema["$defs"]["action"]["enum"]) == set(Action)
    assert set(schema["$defs"]["change-kind"]["enum"]) == set(ChangeKind)


def test_a_plan_document_holds_what_the_interface_promises():
    document = validate(documents.plan_document(made.example()), "plan")
    assert list(document) == [
        "format", "fingerprint", "database", "migrations", "changes", "steps", "edges", "warnings", "compatibility",
        "clients", "risks", "options", "basis",
    ]  # fmt: skip
    assert (document["format"], document["fingerprint"]) == (1, made.FINGERPRINT)
    assert document["database"] == {"name": "shop", "server_version": "18.4"}
    assert document["migrations"] == [
        {
            "name": "003_add_orders_table.sql",
            "path": "migrations/003_add_orders_table.sql",
            "affects": [
                {
                    "object": "view.user_stats",
                    "reason": "depends on modified tables",
                    "because_of": ["table.orders"],
                },
                {
                    "object": "function.get_user_summary(integer)",
                    "reason": "depends on user_stats",
                    "because_of": ["view.user_stats"],
                },
                {"object": "view.by_hand", "reason": "depends on user_stats", "because_of": ["view.user_stats"]},
            ],
        }
    ]
    assert document["changes"][0] == {
        "object": "view.active_users", "change": "modified", "path": "sql/views/active_users.sql", "line": 1,
    }  # fmt: skip
    assert document["steps"][0] == {
        "number": 1, "action": "drop", "object": "view.by_hand", "sql": "DROP VIEW by_hand",
        "reason": "depends on user_stats", "path": None, "line": None, "group": 1, "managed": False,
    }  # fmt: skip
    assert document["steps"][3]["sql"] == "ALTER TABLE orders\n  ADD COLUMN n integer;\nSELECT 2;\n"
    assert document["steps"][3]["object"] == "migration.003_add_orders_table.sql"
    assert document["edges"][1] == {
        "object": "function.get_user_summary(integer)", "depends_on": "view.user_stats", "origin": "catalog",
        "hard": True,
    }  # fmt: skip
    assert document["warnings"] == [
        {
            "code": "migration-edited",
            "message": "Migration 001_users.sql has been edited.",
            "where": "migrations/001_users.sql",
        }
    ]
    assert document["basis"] == {"sources": "1" * 64, "state": "2" * 64}
    assert document["options"] == {"recreate": "dependents", "drop_unmanaged": False, "rewrite_tables": False}


def test_every_action_and_an_empty_plan_are_valid():
    validate(documents.plan_document(made.every_action()), "plan")
    assert validate(documents.plan_document(made.plan()), "plan")["steps"] == []


def test_the_same_plan_is_the_same_bytes():
    assert documents.dumps(documents.plan_document(made.example())) == documents.dumps(
        documents.plan_document(made.example())
    )


def test_sql_is_exactly_what_is_sent():
    sql = "SELECT '%s', ':x', E'\\n\t', U&'\\00e9', 'é✓\U0001f600' -- done"
    document = validate(documents.plan_document(made.plan(made.step(1, Action.CREATE, made.view("v"), sql))), "plan")
    assert document["steps"][0]["sql"] == sql


def test_hostile_names_are_only_names_and_nothing_unprintable_is_written():
    name = made.view(made.HOSTILE)
    plan = made.plan(made.step(1, Action.CREATE, name, made.HOSTILE, path=made.HOSTILE + "\ud800"))
    text = documents.dumps(documents.plan_document(plan))
    assert not {char for char in text if not char.isprintable()} - {"\n"}
    assert text.encode()
    step = standard.loads(text)["steps"][0]
    assert (step["object"], step["sql"], step["path"]) == (str(name), made.HOSTILE, made.HOSTILE + "\ud800")


def test_a_result_document_holds_what_the_interface_promises():
    result = made.result(
        made.example(), migrations_recorded=("003_add_orders_table.sql",), objects_updated=4, discovered=(LEARNED,)
    )
    document = validate(documents.result_document(result), "result")
    assert list(document) == [
        "applied", "steps", "migrations_recorded", "objects_updated", "discovered", "duration_ms",
    ]  # fmt: skip
    assert document["applied"] is True
    assert document["steps"][1]["duration_ms"] == 3
    assert document["duration_ms"] == 2345.678
    assert document["discovered"] == [{"object": "view.a", "depends_on": "view.b", "origin": "error", "hard": True}]
    validate(documents.result_document(ApplyResult(made.plan(), applied=False)), "result")


def test_a_status_document_lists_migrations_objects_and_changes():
    status = made.status(
        applied=("1.sql",), pending=("2.sql",), objects=(("view", 3),), changes=(DIFFERENCE,),
        warnings=made.example().warnings,
    )  # fmt: skip
    document = validate(documents.status_document(status), "status")
    assert document["migrations"] == {"applied": ["1.sql"], "pending": ["2.sql"]}
    assert document["objects"] == {"view": 3}
    assert document["changes"] == [{"object": "view.a", "change": "modified", "path": "sql/a.sql", "line": 1}]


def test_a_graph_document_lists_nodes_and_edges():
    document = validate(documents.graph_document(made.shop()), "graph")
    assert document["nodes"][3] == {
        "object": "view.user_stats", "kind": "view", "managed": True, "change": "modified",
        "path": "sql/views/user_stats.sql", "line": 3, "sql": "ALTER ROLE r PASSWORD '********'",
    }  # fmt: skip
    assert document["edges"][6]["hard"] is False
    assert document["hidden"] == 3


def test_a_diff_document_holds_both_texts_and_their_difference():
    (entry,) = validate(documents.diff_document((DIFFERENCE,)), "diff")["changes"]
    assert (entry["before"], entry["after"]) == ("SELECT 1", "SELECT 2")
    assert entry["diff"].splitlines()[-2:] == ["-SELECT 1", "+SELECT 2"]
    assert validate(documents.diff_document(()), "diff") == {"changes": []}


def test_an_error_document_says_what_where_and_what_to_do():
    place = SourceLocation("sql/a.sql", 2, 10, "SELECT 1,,2")
    error = SyntaxProblem('syntax error at or near ","', where=place, hint="Look there.")
    assert validate(documents.error_document(error), "error") == {
        "error": {
            "code": "syntax",
            "message": 'syntax error at or near ","',
            "where": "sql/a.sql:2:10",
            "hint": "Look there.",
        }
    }
    several = validate(documents.error_document(SourceErrors((error, error))), "error")["error"]
    assert [problem["where"] for problem in several["problems"]] == ["sql/a.sql:2:10"] * 2
    refused = validate(documents.error_document(ApplyError("No.", sqlstate="42P01", object="view.a")), "error")["error"]
    assert (refused["sqlstate"], refused["object"], refused["where"]) == ("42P01", "view.a", None)


def test_a_refresh_document_names_what_was_refreshed():
    done = [Refreshed(ObjectName(Kind.MATERIALIZED_VIEW, "totals", "app"), True, 1.5)]
    assert validate(documents.refresh_document(done), "refresh") == {
        "refreshed": [{"object": "materialized_view.app.totals", "concurrently": True, "duration_ms": 1.5}]
    }


def test_baseline_and_reset_documents_say_whether_it_was_done():
    assert validate(documents.baseline_document(["1.sql"], recorded=False), "baseline") == {
        "recorded": False,
        "migrations": ["1.sql"],
    }
    report = ResetReport(("DROP VIEW a",), ("view.b",))
    assert validate(documents.reset_document(report), "reset") == {
        "executed": True,
        "statements": ["DROP VIEW a"],
        "ignored": ["view.b"],
    }


STEP = made.step(1, Action.CREATE, made.view("a"))
EVENTS = {
    "started": events.Started(made.example()),
    "step-begun": events.StepBegun(STEP),
    "step-done": events.StepDone(STEP, 1.23456),
    "notice": events.ServerNotice("NOTICE", "hello", STEP),
    "waiting": events.Waiting("pid 7", 1.5),
    "retrying": events.Retrying(2, 5, "lock"),
    "discovered": events.Discovered(LEARNED, "relation b does not exist"),
    "recorded": events.Recorded(("1.sql",), 3),
    "finished": events.Finished(ApplyResult(made.example(), applied=True)),
}


@pytest.mark.parametrize(("word", "event"), EVENTS.items(), ids=EVENTS)
def test_every_event_has_a_document(word, event):
    assert validate(documents.event_document(event), "event")["event"] == word


def test_no_password_is_in_any_document():
    sql = f"CREATE ROLE app PASSWORD '{made.PASSWORD}'"
    step = made.step(1, Action.MIGRATE, made.view("a"), sql, reason=sql)
    plan = made.plan(step, changes=(Change(made.view("a"), ChangeKind.MODIFIED, None, None, sql, sql + "x"),))
    status = made.status()
    written = (
        documents.plan_document(plan),
        documents.result_document(made.result(plan)),
        documents.status_document(status),
        documents.graph_document(made.shop()),
        documents.diff_document(plan.changes),
        documents.error_document(ConfigError(sql, hint=sql)),
        documents.reset_document(ResetReport((sql,))),
        *(
            documents.event_document(event)
            for event in (events.Waiting(sql, 1), events.ServerNotice("NOTICE", sql, step))
        ),
    )
    assert [made.PASSWORD in documents.dumps(document) for document in written] == [False] * len(written)


def test_a_saved_plan_is_read_back():
    plan = made.plan(
        STEP,
        made.step(2, Action.GRANT, made.grant(made.view("a"), "b")),
        options=PlanOptions(Recreate.REQUIRED, drop_unmanaged=True),
    )
    saved = documents.load_saved_plan(documents.dumps(documents.plan_document(plan)))
    assert (saved.fingerprint, saved.basis, saved.options) == (plan.fingerprint, plan.basis, plan.options)
    assert saved.steps == (("create", "view.a"), ("grant", "grant.view.a to b"))


def test_a_saved_plan_without_the_additional_keys_is_read_too():
    document = documents.plan_document(made.example())
    del document["options"], document["basis"]
    validate(document, "plan")
    saved = documents.load_saved_plan("\ufeff" + documents.dumps(document))
    assert (saved.basis, saved.options) == ((), PlanOptions())


def changed(**keys):
    return documents.dumps(documents.plan_document(made.plan(STEP)) | keys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a saved plan"),
        ('{"error": {"code": "x"}}', "not a saved plan"),
        (changed(format=2), "format 2; this pgmg reads format 1"),
        (changed(format=True), "format True"),
        (changed(format="1"), "format '1'"),
        (changed(fingerprint=7), "fingerprint is not a text"),
        (changed(steps={}), "steps is not a list"),
        (changed(steps=[1]), "step 1 is not a step"),
        (changed(steps=[{"action": "explode", "object": "view.a"}]), "step 1 is not a step"),
        (changed(steps=[{"action": [], "object": "view.a"}]), "step 1 is not a step"),
        (changed(steps=[{"action": "drop"}]), "the object of step 1 is not a text"),
        (changed(basis=[]), "basis is not an object"),
        (changed(basis={"state": 1}), "basis.state is not a text"),
        (changed(options=[]), "options is not an object"),
        (changed(options={"recreate": "all"}), 'options.recreate is not "dependents" or "required"'),
        (changed(options={"drop_unmanaged": "yes"}), "options.drop_unmanaged is not true or false"),
    ],
)
def test_what_is_no_saved_plan_is_refused_in_words(text, message):
    with pytest.raises(ConfigError) as caught:
        documents.load_saved_plan(text)
    assert message in caught.value.message
    assert "pgmg plan --out" in str(caught.value.hint)


def test_every_kind_has_a_name_that_the_schema_accepts():
    pattern = documents.schema()["$defs"]["object"]
    for kind in Kind:
        jsonschema.validate(f"{kind.value}.x", pattern)


def test_an_import():
    report = ImportReport(
        files=(ImportedFile("sql/v.sql", ("view.v",)),),
        migrations=(ImportedFile("migrations/001_baseline.sql"),),
        left_out=(LeftOut("view.v", "no code file can state it", "ALTER VIEW v …"),),
        proof=Proof(is_planned_empty=True, is_dump_equal=False, compared=3, differences=("only in the original: x",)),
        duration_ms=1.5,
    )
    read = validate(import_document(report), "import")
    assert read["files"] == [{"path": "sql/v.sql", "objects": ["view.v"]}]
    assert read["proof"]["dump_is_equal"] is False
