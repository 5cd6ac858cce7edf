"""The pages about other tools: their commands are run on a small folder in that tool's habit, and lead to an empty plan."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle import differences, dump

PAGES = Path(__file__).parents[2] / "docs" / "from"
TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text, active boolean);"
MORE = "ALTER TABLE users ADD COLUMN email text;"
VIEW = "CREATE OR REPLACE VIEW active_users AS SELECT id, name FROM users WHERE active;"
FUNCTION = "CREATE FUNCTION named(integer) RETURNS text LANGUAGE sql AS $$ SELECT name FROM users WHERE id = $1 $$;"
ALL = f"{TABLE}\n{MORE}\n{VIEW}\n{FUNCTION}"

ORIGINAL = """
CREATE SCHEMA pgmg;
CREATE TABLE pgmg.pgmg_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE pgmg.pgmg_state (object_type text NOT NULL, object_name text NOT NULL, ddl_hash text NOT NULL,
    last_applied timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (object_type, object_name));
CREATE TABLE pgmg.pgmg_dependencies (dependent_type text NOT NULL, dependent_name text NOT NULL,
    dependency_type text NOT NULL, dependency_name text NOT NULL, dependency_kind text NOT NULL,
    PRIMARY KEY (dependent_type, dependent_name, dependency_type, dependency_name));
CREATE INDEX idx_pgmg_state_object_type ON pgmg.pgmg_state (object_type);
"""
"""The tables of the original pgmg."""

ENTITIES = """
class Text:
    def __init__(self, text):
        self.text = text

class Entity:
    def __init__(self, schema, signature, definition=""):
        self.schema, self.signature, self.definition = schema, signature, definition.strip().rstrip(";").strip()

    @property
    def identity(self):
        return f"{type(self).__name__}: {self.schema}.{self.signature}"

class PGView(Entity):
    type_ = "view"

    def to_sql_statement_create(self):
        return Text(f'CREATE VIEW "{self.schema}"."{self.signature}" AS {self.definition};')

class PGFunction(Entity):
    type_ = "function"

    def __init__(self, schema, signature, definition):
        super().__init__(schema, signature, definition)
        self.definition = self.definition.replace("::", "~~").replace(":", chr(92) + ":").replace("~~", "::")

    def to_sql_statement_create(self):
        name, _, rest = self.signature.partition("(")
        return Text(f'CREATE FUNCTION "{self.schema}"."{name}"({rest} {self.definition}')

class PGTrigger(Entity):
    type_ = "trigger"

    def __init__(self, schema, signature, definition, on_entity):
        super().__init__(schema, signature, definition)
        self.on_entity = on_entity

    def to_sql_statement_create(self):
        return Text(f'CREATE TRIGGER "{self.signature}" {self.definition}')

class PGGrantTable:
    type_ = "grant_table"

    def __init__(self, schema, table, role, grant):
        self.schema, self.table, self.role, self.grant = schema, table, role, grant
        self.identity = self.definition = self.signature = f"PGGrantTable: {schema}.{table}.{role}.{grant}"

    def to_sql_statement_create(self):
        return Text(f'GRANT {self.grant} ON "{self.schema}"."{self.table}" TO {self.role}')

class PGExtension(Entity):
    type_ = "extension"

    def to_sql_statement_create(self):
        return Text(f'CREATE EXTENSION "{self.signature}" WITH SCHEMA "{self.schema}";')
"""
"""The classes and methods of alembic_utils that `pgmg import` calls; SQLAlchemy wants colons in SQL escaped."""

FOLDERS = {  # tool: its files, what it has made of the database, its own table or schema
    "flyway": (
        {
            "sql/V1__users.sql": TABLE,
            "sql/V2__email.sql": MORE,
            "sql/U2__email.sql": "ALTER TABLE users DROP COLUMN email;",
            "sql/V10__named.sql": "ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
            "sql/R__active_users.sql": VIEW,
            "sql/R__named.sql": FUNCTION.replace("CREATE", "CREATE OR REPLACE"),
        },
        f"{ALL} ALTER TABLE users ALTER COLUMN email SET NOT NULL; CREATE TABLE flyway_schema_history (version text);",
    ),
    "dbmate": (
        {
            "db/migrations/20240101000000_users.sql": f"-- migrate:up\n{TABLE}\n{VIEW}\n\n-- migrate:down\nDROP VIEW active_users; DROP TABLE users;\n",
            "db/migrations/20240201000000_email.sql": f"-- +goose Up\n{MORE}\n-- +goose StatementBegin\n{FUNCTION}\n-- +goose StatementEnd\n\n-- +goose Down\nDROP TABLE users CASCADE;\n",
        },
        f"{ALL} CREATE TABLE schema_migrations (version text PRIMARY KEY);",
    ),
    "alembic_utils": (
        {
            "alembic_utils.py": ENTITIES,
            "app/__init__.py": "",
            "app/entities.py": """
from alembic_utils import PGFunction, PGView

active_users = PGView(schema="public", signature="active_users", definition='''
    SELECT id, name
    FROM users
    WHERE active;
''')
FUNCTIONS = [PGFunction("public", "named(integer)", "RETURNS text LANGUAGE sql AS $$ SELECT name FROM users WHERE id = $1 $$")]
""",
        },
        f"{ALL} CREATE TABLE alembic_version (version_num text);",
    ),
    "sqitch": (
        {
            "sqitch.plan": "%syntax-version=1.0.0\n%project=app\n\nusers 2024-01-01T00:00:00Z A <a@b.c> # users\nemail [users] 2024-01-02T00:00:00Z A <a@b.c> # email\nviews/active_users [users] 2024-01-02T00:00:00Z A <a@b.c> # view\n@v1 2024-01-03T00:00:00Z A <a@b.c> # tag\n\nviews/active_users [views/active_users@v1 users] 2024-01-04T00:00:00Z A <a@b.c> # view\n",
            "deploy/users.sql": f"-- Deploy app:users to pg\nBEGIN;\n{TABLE}\nCOMMIT;\n",
            "deploy/email.sql": f"-- Deploy app:email to pg\n-- requires: users\nBEGIN;\n{MORE}\n{FUNCTION}\nCOMMIT;\n",
            "deploy/views/active_users@v1.sql": "CREATE VIEW active_users AS SELECT id FROM users;",
            "deploy/views/active_users.sql": f"-- Deploy app:views/active_users to pg\nBEGIN;\n{VIEW}\nCOMMIT;\n",
            "revert/users.sql": "BEGIN;\nDROP TABLE users;\nCOMMIT;\n",
            "verify/users.sql": "BEGIN;\nSELECT id FROM users WHERE false;\nROLLBACK;\n",
        },
        f"{ALL} CREATE SCHEMA sqitch CREATE TABLE changes (change_id text) CREATE VIEW latest AS SELECT 1 AS one;",
    ),
    "graphile-migrate": (
        {
            "migrations/committed/000001-users.sql": f"--! Previous: -\n--! Hash: sha1:0\n\n{TABLE}\n",
            "migrations/committed/000002.sql": f"--! Previous: sha1:0\n--! Hash: sha1:1\n\n{MORE}\n",
            "migrations/current.sql": f"drop function if exists named(integer);\n{FUNCTION}\n\n{VIEW}\n",
        },
        f"{ALL} CREATE SCHEMA graphile_migrate CREATE TABLE migrations (hash text);",
    ),
    "original-pgmg": (
        {
            "pgmg.toml": 'connection_string = "postgres://localhost/none"\nmigrations_dir = "migrations"\ncode_dir = "sql"\nemit_notify_events = true\n',
            "migrations/001_users.sql": TABLE,
            "migrations/002_email.sql": MORE,
            "sql/views/active_users.sql": f"-- who is here\n{VIEW}\n",
            "sql/functions/named.sql": FUNCTION.replace("CREATE", "CREATE OR REPLACE"),
            "sql/functions/named.test.sql": "SELECT plan(1);",
        },
        f"""{ALL} {ORIGINAL} INSERT INTO pgmg.pgmg_migrations (name) VALUES ('001_users'), ('002_email');
        INSERT INTO pgmg.pgmg_state (object_type, object_name, ddl_hash)
        VALUES ('view', 'active_users', 'a1'), ('function', 'named', 'b2');""",
    ),
    "psql": (
        {"main.sql": "\\i tables.sql\n\\i views.sql\n", "tables.sql": f"{TABLE}\n{MORE}", "views.sql": f"{VIEW}\n{FUNCTION}"},
        ALL,
    ),
    "supabase": (
        {
            "supabase/migrations/20240101000000_users.sql": f"{TABLE}\n{MORE}\nALTER TABLE users ENABLE ROW LEVEL SECURITY;\nCREATE POLICY own ON users USING (active);\n",
            "supabase/migrations/20240201000000_code.sql": f"{VIEW}\n{FUNCTION}\n",
            "supabase/schemas/users.sql": f"{TABLE}\n{VIEW}\n",
        },
        (f"{ALL} ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON users USING (active);"
        "CREATE SCHEMA auth CREATE TABLE accounts (id integer) CREATE VIEW emails AS SELECT 1 AS one;"
        "CREATE SCHEMA supabase_migrations CREATE TABLE schema_migrations (version text);"),
    ),
}  # fmt: skip

ONLY_VERSIONED = (
    {"sql/V1__users.sql": TABLE, "sql/2024/V2__email.sql": f"{MORE}\n{VIEW}", "sql/2024/V2.1__named.sql": FUNCTION},
    f"{ALL} CREATE TABLE flyway_schema_history (version text);",
)
"""A folder of Flyway without undo files and repeatable ones."""


def test_every_page_has_its_folder_and_is_a_page():
    pages = {path.stem: path.read_text() for path in PAGES.glob("*.md")}
    assert pages.keys() == FOLDERS.keys()
    assert all(len(text.splitlines()) <= 40 for text in pages.values())


@pytest.mark.parametrize(
    ("tool", "folder"),
    [*((tool, FOLDERS[tool]) for tool in FOLDERS), ("flyway", ONLY_VERSIONED)],
    ids=[*FOLDERS, "flyway, versioned alone"],
)
def test_the_commands_of_a_page_take_a_folder_over(project, tool, folder):
    """No object is touched, no row is lost, and afterwards pgmg goes on by itself."""
    from tests.conftest import Case

    files, made = folder
    root = project.root / "theirs"
    root.mkdir()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    project.do(made, "INSERT INTO users VALUES (1, 'ann', true, 'a@b.c')")
    before = dump(project.dsn)
    (commands,) = re.findall(r"^```sh\n(.*?)^```", (PAGES / f"{tool}.md").read_text(), re.DOTALL | re.MULTILINE)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PGMG_CONNECTION_STRING": project.dsn,
    }
    done = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [one for one in differences(before, dump(project.dsn)) if "pgmg_" not in one] == []
    assert project.rows("SELECT email FROM users") == [("a@b.c",)]
    theirs = Case.__new__(Case)
    theirs.root, theirs.dsn = root, project.dsn
    with theirs.open() as opened:
        status = opened.status()
    assert status.pending == ()
    assert status.changes == ()
    assert dict(status.objects).get("view") == 1
    assert dict(status.objects).get("function") == 1


def test_the_commands_for_sqitch_order_the_versions_of_a_reworked_change(project):
    """The migrations are those of the plan, and build an empty database."""
    files, _ = FOLDERS["sqitch"]
    for path, text in files.items():
        project.write(path, text)
    (commands,) = re.findall(r"^```sh\n(.*?)^```", (PAGES / "sqitch.md").read_text(), re.DOTALL | re.MULTILINE)
    copying = commands.partition("pgmg baseline")[0].partition("printf '%s\\n'")[0]
    subprocess.run(["bash", "-e", "-c", copying], cwd=project.root, check=True)
    found = {path.name: path.read_text() for path in sorted((project.root / "migrations").iterdir())}
    deployed = ["users", "email", "views/active_users@v1", "views/active_users"]
    assert list(found.values()) == [files[f"deploy/{change}.sql"] for change in deployed]
    project.apply()
    assert project.rows("SELECT name FROM active_users") == []
