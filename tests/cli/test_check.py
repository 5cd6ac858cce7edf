"""`pgmg check` of files, its hook, and the JSON Schema of the settings: none of them needs a server."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgmg.config import KEYS, load
from pgmg.errors import ConfigError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(files("pgmg.config").joinpath("pgmg.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def tree(here, pgmg, monkeypatch):
    """A project of two files, whose server cannot be reached."""
    monkeypatch.setenv("PGMG_CONNECTION_STRING", "postgresql://127.0.0.1:1/none")
    for folder in ("migrations", "sql"):
        (here / folder).mkdir(exist_ok=True)
    (here / "pgmg.toml").write_text(
        'migrations_dir = "migrations"\ncode_dir = "sql"\nconnection_string = "${NOT_SET_7}"\n'
    )
    (here / "migrations/001_t.sql").write_text("CREATE TABLE t (n int);")
    (here / "sql/v.sql").write_text("CREATE VIEW v AS SELECT n FROM t;\nCOMMENT ON VIEW v IS 'x';")
    return here


def test_files_without_a_problem(tree, pgmg):
    done = pgmg("check", "--offline")
    assert (done.exit_code, done.stdout) == (0, "No problem in 2 files: 2 objects, 1 migration.\n")
    assert json.loads(pgmg("check", "--offline", "--format", "json").stdout) == {
        "files": 2,
        "objects": 2,
        "migrations": 1,
    }


def test_bodies_need_a_server_unless_nobody_wants_them_checked(tree, pgmg):
    assert pgmg("check", "--connection-string", "postgresql://127.0.0.1:1/none").exit_code == 1
    assert pgmg("check", "sql/v.sql").exit_code == 0


PROBLEMS = {
    "sql/a.sql": ("CREATE VIEW a AS SELEC 1;", "sql/a.sql:1:18"),
    "sql/b.sql": ("CREATE TABLE b (n int);", "sql/b.sql:1:1"),
    "migrations/002.sql": ("ALTER TABL t ADD c int;", "migrations/002.sql:1:7"),
    "migrations/003.sql": ("COMMIT;", "migrations/003.sql:1:1"),
    "sql/z.sql": ("CREATE VIEW public.v AS SELECT 1;", "sql/z.sql:1:1"),
}


@pytest.mark.parametrize("path", PROBLEMS)
def test_each_problem_is_told_with_its_place(tree, pgmg, path):
    text, where = PROBLEMS[path]
    (tree / path).write_text(text)
    done = pgmg("check", "--offline")
    assert done.exit_code == 1
    assert where in done.stderr
    assert pgmg("check", path).exit_code == 1
    assert pgmg("check", "migrations/001_t.sql", "pgmg.toml").exit_code == 0
    problem = json.loads(pgmg("check", "--offline", "--format", "json").stdout)["error"]
    assert problem["where"] == where


def test_all_problems_are_told_at_once(tree, pgmg):
    for path, (text, _) in PROBLEMS.items():
        (tree / path).write_text(text)
    told = pgmg("check", "--offline").stderr
    assert all(where in told for _, where in PROBLEMS.values())


def test_a_duplicate_counts_for_both_of_its_files(tree, pgmg):
    (tree / "sql/w.sql").write_text("CREATE MATERIALIZED VIEW v AS SELECT 1;")
    for path in ("sql/v.sql", "sql/w.sql"):
        done = pgmg("check", path)
        assert done.exit_code == 1
        assert "declared already" in done.stderr


def test_overloads_and_equal_names_in_other_schemas_are_no_duplicates(tree, pgmg):
    (tree / "sql/f.sql").write_text(
        "CREATE FUNCTION v(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION v(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE VIEW app.v AS SELECT 1; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION v(); CREATE TRIGGER x BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION v();"
        "CREATE OPERATOR ### (FUNCTION = v, RIGHTARG = int); CREATE OPERATOR ### (FUNCTION = v, RIGHTARG = text);"
        "CREATE CAST (v AS int) WITH INOUT; CREATE CAST (v AS text) WITH INOUT;"
        "CREATE OPERATOR CLASS o FOR TYPE v USING btree AS OPERATOR 1 <; CREATE OPERATOR CLASS o FOR TYPE v USING hash AS OPERATOR 1 =;"
    )
    assert pgmg("check", "--offline").exit_code == 0


def test_wrong_settings_are_told(tree, pgmg):
    (tree / "pgmg.toml").write_text('lock_retries = "many"\n')
    assert "lock_retries" in pgmg("check", "--offline").stderr


def test_the_hook_runs_the_command_on_files_of_projects():
    import re

    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    assert re.search(r"^  entry: pgmg check$", text, re.MULTILINE)
    (pattern,) = re.findall(r"^  files: (.*)$", text, re.MULTILINE)
    assert [name for name in ("sql/a.sql", "pgmg.toml", "db/pgmg.toml") if not re.search(pattern, name)] == []
    assert [name for name in ("a.sqlx", "pyproject.toml", "xpgmg.toml.md") if re.search(pattern, name)] == []


# --- the schema


def test_the_schema_knows_every_setting():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == {*KEYS, "environments"}
    assert set(SCHEMA["definitions"]["environment"]["properties"]) == set(KEYS)


def test_init_writes_the_schema_and_names_it(here, pgmg):
    pgmg("init")
    first = (here / "pgmg.toml").read_text().splitlines()[0]
    assert first == "#:schema .pgmg/pgmg.schema.json"
    assert json.loads((here / ".pgmg/pgmg.schema.json").read_text()) == SCHEMA
    (here / ".pgmg/pgmg.schema.json").write_text("{}")
    pgmg("init")
    assert json.loads((here / ".pgmg/pgmg.schema.json").read_text()) == SCHEMA
    jsonschema.validate(tomllib.loads((here / "pgmg.toml").read_text()), SCHEMA)


TABLES = {
    "session_settings": st.dictionaries(
        st.sampled_from(["work_mem", "a.b", "Search_Path", "role", "1a", "x y", ""]),
        st.sampled_from(["1", 1, True, 0.5, [1], {}]),
        max_size=2,
    ),
    "allow": st.lists(
        st.sampled_from(["rewrite", "data-loss", " Exclusive-Lock>1GB ", "rewrite>5", "nothing", "", 3]), max_size=2
    ),
}
VALUES = st.one_of(
    st.booleans(),
    st.integers(-2, 9),
    st.sampled_from([0.5, 7.25]),  # JSON does not tell 1.0 from 1, TOML does
    st.sampled_from(
        [
            "",
            " ",
            "5",
            " 5 ",
            "1.5s",
            "2 min",
            "2 weeks",
            "dependents",
            "required",
            "app",
            'app, "My One"',
            'a"b',
            ",",
            "a,,b",
            '""',
            "a,",
            "embedded:",
        ]
    ),
    st.lists(st.sampled_from(["app", "", "public"]), max_size=2),
)
ONLY_LOADING = {"migrations_dir", "code_dir", "session_settings", "allow"}
"""Whether a folder exists, a schema cannot tell; texts with several words in them it takes as they are."""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(sorted(set(KEYS) - ONLY_LOADING)), value=VALUES, within=st.booleans())
def test_the_schema_and_the_program_agree(tmp_path, key, value, within):
    (tmp_path / "sql").mkdir(exist_ok=True)
    document = {"environments": {"x": {key: value}}} if within else {key: value}
    shown = "true" if value is True else "false" if value is False else json.dumps(value)
    head = "[environments.x]\n" if within else ""
    (tmp_path / "pgmg.toml").write_text(f"{head}{key} = {shown}\n")
    fits = jsonschema.Draft7Validator(SCHEMA).is_valid(document)
    try:
        load(tmp_path, environment="x" if within else None, environ={})
    except ConfigError:
        assert not fits
    else:
        assert fits


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(TABLES)).flatmap(lambda key: st.tuples(st.just(key), TABLES[key])))
def test_the_schema_and_the_program_agree_on_tables_and_lists(tmp_path, entry):
    key, value = entry
    (tmp_path / "sql").mkdir(exist_ok=True)
    inline = toml(value)
    (tmp_path / "pgmg.toml").write_text(f"{key} = {inline}\n")
    fits = jsonschema.Draft7Validator(SCHEMA).is_valid({key: value})
    try:
        load(tmp_path, environ={})
    except ConfigError:
        assert not fits
    else:
        assert fits


def toml(value):
    """A value as TOML writes it in one line."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return json.dumps(value)


def test_the_schema_refuses_unknown_keys_and_takes_variables():
    valid = jsonschema.Draft7Validator(SCHEMA).is_valid
    assert not valid({"lock_timout": "1s"})
    assert not valid({"environments": {"x": {"environments": {}}}})
    assert valid({"lock_timeout": "${WAIT}", "lock_retries": "${N}", "recreate": "${MODE}"})
