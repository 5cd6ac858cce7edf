"""Settings: precedence, places, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pgmg.config import Settings, load, passwords
from pgmg.errors import ConfigError
from pgmg.model.plans.plan import Recreate
from pgmg.model.secrets import mask_secrets

Write = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the usual two folders, which is the current one."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "sql").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(*lines: str, **environ: str) -> Settings:
    """Load with these lines as pgmg.toml and nothing but `environ` around."""
    if lines:
        Path("pgmg.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load(environ=environ)


def refusal(*lines: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(*lines, **environ)
    return str(caught.value)


# -- which project -----------------------------------------------------------------------------------------------


def test_the_usual_folders_count_without_a_file(project):
    found = settings()
    assert (found.migrations_dir, found.code_dir) == (project / "migrations", project / "sql")
    assert (found.root, found.config_path) == (project, None)


def test_one_usual_folder_is_enough(project):
    (project / "sql").rmdir()
    assert (settings().migrations_dir, settings().code_dir) == (project / "migrations", None)


def test_no_folder_and_no_file_is_an_error_that_names_init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "pgmg init" in refusal()


def test_a_file_without_any_folder_is_an_error_that_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "code_dir" in refusal("lock_retries = 1")


def test_a_file_without_folders_means_the_usual_ones(project):
    assert settings('state_schema = "meta"').code_dir == project / "sql"


def test_a_folder_that_is_not_configured_is_not_considered(project):
    assert settings('code_dir = "sql"').migrations_dir is None


def test_the_file_is_found_upward_and_its_folders_are_relative_to_it(project, monkeypatch):
    settings('migrations_dir = "migrations"', 'code_dir = "sql"')
    deep = project / "sql" / "views"
    deep.mkdir()
    monkeypatch.chdir(deep)
    found = load(environ={})
    assert (found.root, found.code_dir, found.config_path) == (project, project / "sql", project / "pgmg.toml")


def test_config_names_a_file_and_so_may_the_path(project):
    (project / "other").mkdir()
    file = project / "other" / "my.toml"
    file.write_text('code_dir = "../sql"\n')
    for found in (load(config=file, environ={}), load(file, environ={}), load(environ={"PGMG_CONFIG": str(file)})):
        assert (found.root, found.code_dir) == (project / "other", project / "sql")


@pytest.mark.parametrize("name", ["nowhere.toml", "sql"])
def test_a_named_file_must_be_there(project, name):
    with pytest.raises(ConfigError, match=name):
        load(config=name, environ={})


def test_the_working_folder_must_be_there(project):
    with pytest.raises(ConfigError, match="nowhere"):
        load("nowhere", environ={})


# -- precedence --------------------------------------------------------------------------------------------------


def test_options_win_over_the_environment_over_the_environments_table_over_the_file(project):
    lines = ('state_schema = "file"', 'lock_timeout = "1s"', "lock_retries = 1", 'statement_timeout = "1min"')
    lines += ("[environments.staging]", 'lock_timeout = "2s"', "lock_retries = 2", 'statement_timeout = "2min"')
    settings(*lines)
    variables = {"PGMG_LOCK_RETRIES": "3", "PGMG_STATEMENT_TIMEOUT": "3min"}
    found = load(environment="staging", overrides={"statement_timeout": "4min", "recreate": None}, environ=variables)
    assert (found.state_schema, found.lock_timeout, found.lock_retries) == ("file", "2s", 3)
    assert (found.statement_timeout, found.environment) == ("4min", "staging")


def test_an_environment_is_also_chosen_by_variable(project):
    found = settings("[environments.ci]", 'connection_string = "postgresql://ci/x"', PGMG_ENVIRONMENT="ci")
    assert found.connection_string == "postgresql://ci/x"


def test_an_unknown_environment_suggests_the_nearest(project):
    assert "staging" in refusal("[environments.staging]", PGMG_ENVIRONMENT="stagin")
    assert "environments.prod" in refusal("lock_retries = 1", PGMG_ENVIRONMENT="prod")
    Path("pgmg.toml").unlink()
    assert "pgmg.toml" in refusal(PGMG_ENVIRONMENT="prod")


def test_folders_of_variables_and_options_are_relative_to_the_current_folder(project, monkeypatch):
    settings('code_dir = "sql"')
    (project / "sql" / "deep").mkdir()
    monkeypatch.chdir(project / "sql")
    assert load(environ={"PGMG_CODE_DIR": "deep"}).code_dir == project / "sql" / "deep"
    assert load(overrides={"code_dir": Path("deep")}, environ={}).code_dir == project / "sql" / "deep"


def test_an_empty_variable_counts_as_not_set(project):
    assert settings('state_schema = "meta"', PGMG_STATE_SCHEMA="").state_schema == "meta"


# -- the connection ----------------------------------------------------------------------------------------------


def test_nothing_that_names_a_server_is_none(project):
    assert settings(PGUSER="me").connection_string is None


@pytest.mark.parametrize("name", ["PGHOST", "PGDATABASE", "PGSERVICE", "PGPORT", "PGHOSTADDR"])
def test_variables_of_libpq_name_a_server(project, name):
    assert settings(**{name: "1"}).connection_string == ""
    assert settings(**{name: "1"}, PGMG_CONNECTION_STRING="dbname=x").connection_string == "dbname=x"


def test_an_empty_connection_string_is_refused(project):
    with pytest.raises(ConfigError, match="connection_string"):
        load(overrides={"connection_string": ""}, environ={})
    assert "empty" in refusal('connection_string = "${URL}"', URL="")


def test_variables_in_the_file_are_replaced(project):
    found = settings('connection_string = "postgresql://u:${SECRET}@h/${DB}?a=$${x}"', SECRET="s", DB="d")
    assert found.connection_string == "postgresql://u:s@h/d?a=${x}"


def test_a_variable_that_is_not_set_is_an_error_with_its_place(project):
    message = refusal("# first", 'connection_string = "postgresql://u:${SECRET}@h/d"')
    assert "SECRET" in message
    assert "pgmg.toml:2" in message


def test_a_variable_that_nobody_needs_may_be_missing(project):
    found = settings('connection_string = "${MISSING}"', PGMG_CONNECTION_STRING="postgresql://h/d")
    assert found.connection_string == "postgresql://h/d"


# -- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (['code_dirs = "sql"'], ["code_dirs", "code_dir?", "pgmg.toml:1"]),
        (["", "[environment.x]"], ["environment", "environments?", "pgmg.toml:2"]),
        (["[environments.x]", 'lock_timeot = "1s"'], ["environments.x.lock_timeot", "lock_timeout?", "pgmg.toml:2"]),
        (["zzz = 1"], ["zzz", "known:", "code_dir"]),
        (["code_dir = 3"], ["code_dir", "a folder", "3"]),
        (['code_dir = ["sql"]'], ["code_dir", "a folder", "an array"]),
        (["state_schema = true"], ["state_schema", "a text", "true"]),
        (['state_schema = " "'], ["state_schema", "not empty"]),
        (["lock_retries = -1"], ["lock_retries", "whole number"]),
        (["lock_retries = true"], ["lock_retries", "whole number"]),
        (["lock_retries = 1.5"], ["lock_retries", "whole number", "1.5"]),
        (['lock_timeout = "5 parsecs"'], ["lock_timeout", "500ms", "5 parsecs"]),
        (["lock_timeout = -5"], ["lock_timeout", "500ms"]),
        (["lock_timeout = false"], ["lock_timeout", "500ms"]),
        (["statement_timeout = 1979-05-27"], ["statement_timeout", "500ms"]),
        (['recreate = "all"'], ["recreate", '"dependents" or "required"', '"all"']),
        (["recreate = []"], ["recreate", '"dependents" or "required"']),
        (["search_path = []"], ["search_path", "schemas"]),
        (["search_path = [1]"], ["search_path", "schemas"]),
        (["search_path = 'a b'"], ["search_path", "schemas"]),
        (["environments = 3"], ["environments", "[environments."]),
        (["[environments]", "x = 3"], ["environments", "[environments."]),
        (['code_dir = "nowhere"'], ["code_dir", "nowhere does not exist", "pgmg.toml:1"]),
        (['code_dir = "pgmg.toml"'], ["code_dir", "is not a folder"]),
        (['code_dir = "sql"', 'migrations_dir = "./sql"'], ["same folder"]),
        (["", "code_dir = = 3"], ["pgmg.toml:2:12", "^"]),
        (["code_dir = 'sql"], ["pgmg.toml:1:"]),
        (['x = """'], ["pgmg.toml:"]),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_key_and_place(project, lines, wanted):
    message = refusal(*lines)
    for part in wanted:
        assert part in message, message


def test_a_variable_of_a_wrong_type_is_named(project):
    assert "PGMG_LOCK_RETRIES" in refusal(PGMG_LOCK_RETRIES="many")


def test_an_override_nobody_knows_is_refused(project):
    with pytest.raises(ConfigError, match="code_dirs") as caught:
        load(overrides={"code_dirs": "sql"}, environ={})
    assert "code_dir" in str(caught.value.hint)


def test_a_file_that_is_not_text_is_refused(project):
    Path("pgmg.toml").write_bytes(b'code_dir = "s\xe9"')
    assert "byte 14" in refusal().lower()


@pytest.mark.skipif(os.geteuid() == 0, reason="only for users whom permissions bind")
def test_a_file_that_may_not_be_read_is_refused(project):
    Path("pgmg.toml").touch(mode=0)
    assert "pgmg.toml" in refusal()


def test_a_syntax_error_shows_no_password(project):
    assert "sekret" not in refusal("connection_string = postgresql://u:sekret@h/d")


# -- types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [("500", "500ms"), ("0", "0ms"), ('"500"', "500ms"), ('"2s"', "2s"), ('"1 min"', "1min"), ('"1.5s"', "1.5s")],
)
def test_durations(project, written, expected):
    assert settings(f"lock_timeout = {written}").lock_timeout == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('["app", "My Schema"]', ("app", "My Schema")),
        ('\'App, "My ""own"" Schema" ,public\'', ("app", 'My "own" Schema', "public")),
        ("'\"$user\", public'", ("$user", "public")),
        ("'$user'", ("$user",)),
    ],
)
def test_search_path_is_a_list_or_what_sql_would_say(project, written, expected):
    assert settings(f"search_path = {written}").search_path == expected


def test_recreate_is_one_of_its_words(project):
    assert settings('recreate = "required"').recreate is Recreate.REQUIRED
    assert load(overrides={"recreate": Recreate.REQUIRED}, environ={}).recreate is Recreate.REQUIRED


def test_a_byte_order_mark_is_no_syntax_error(project):
    Path("pgmg.toml").write_bytes(b"\xef\xbb\xbflock_retries = 7\r\n")
    assert settings().lock_retries == 7


# -- passwords ---------------------------------------------------------------------------------------------------

SECRETS = [
    "postgresql://u:sekret@h:5432/d",
    "postgresql://u:sek/ret@x@h/d",
    "host=h password=sekret user=u",
    "host=h password='sek ret' user=u",
    r"host=h password='sek\'ret' user=u",
    "postgresql://h/d?user=u&password=sekret&sslmode=require",
]


@pytest.mark.parametrize("connection", SECRETS)
def test_settings_show_no_password(project, connection):
    shown = repr(load(overrides={"connection_string": connection}, environ={}))
    assert "sek" not in shown
    assert "ret" not in shown.replace("retries", "").replace("recreate", "")
    assert "connection_string=" in shown


@pytest.mark.parametrize("connection", SECRETS)
def test_passwords_are_found_to_be_hidden_elsewhere(connection):
    found = passwords(connection, {})
    assert found
    assert all(secret in connection for secret in found)


def test_a_text_without_a_password_stays_as_it_is():
    assert mask_secrets("The password is wrong, see https://h:80/") == "The password is wrong, see https://h:80/"


def test_the_password_of_libpqs_variable_is_hidden():
    assert passwords(None, {"PGPASSWORD": "sekret"}) == ("sekret",)


# -- locks, roles, settings of the server ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "environ", "overrides", "retries"),
    [
        ((), {}, {}, 5),
        (("lock_attempts = 3",), {}, {}, 2),
        (("lock_attempts = 3",), {"PGMG_LOCK_RETRIES": "7"}, {}, 7),
        (("lock_retries = 7",), {"PGMG_LOCK_ATTEMPTS": "1"}, {}, 0),
        (("lock_retries = 7",), {}, {"lock_attempts": 4}, 3),
    ],
)
def test_attempts_count_the_first_one_and_the_later_source_wins(project, lines, environ, overrides, retries):
    Path("pgmg.toml").write_text("\n".join((*lines, 'code_dir = "sql"')), encoding="utf-8")
    assert load(environ=environ, overrides=overrides).lock_retries == retries


def test_no_attempt_at_all_is_refused(project):
    assert "1 or more" in refusal("lock_attempts = 0")


def test_settings_of_the_server_are_a_table_or_a_text(project):
    table = settings(
        '[session_settings]\nwork_mem = "64MB"\n"citus.multi_shard_modify_mode" = "sequential"\njit = false'
    )
    assert table.session_settings == (
        ("work_mem", "64MB"),
        ("citus.multi_shard_modify_mode", "sequential"),
        ("jit", "off"),
    )
    text = settings('code_dir = "sql"', PGMG_SESSION_SETTINGS="work_mem = 64MB, jit = off")
    assert text.session_settings == (("work_mem", "64MB"), ("jit", "off"))
    assert hash(table) != hash(text)


@pytest.mark.parametrize("name", ["search_path", "role", "lock_timeout", "SESSION_AUTHORIZATION", "a b", "x; DROP"])
def test_what_has_a_setting_of_its_own_is_not_set_beside_it(project, name):
    assert name in refusal(f'session_settings = {{ "{name}" = "x" }}')


def test_secrets_among_settings_of_the_server_are_not_shown(project):
    shown = repr(settings('session_settings = { "app.jwt_secret" = "sekret", work_mem = "1MB" }'))
    assert "sekret" not in shown
    assert "1MB" in shown


def test_poolers_and_roles(project):
    found = settings('role = "owner"\npooler = "session"')
    assert (found.role, found.pooler) == ("owner", "session")
    assert '"transaction" or "session"' in refusal('pooler = "statement"')
    assert settings('code_dir = "sql"').pooler == "transaction"
