"""What the role may not do is a warning of the plan and refused by apply before anything runs (rule 9.6).

The oracle is the server: without a warning apply succeeds, and after the statements of the warnings it does as well.
"""

from __future__ import annotations

import re

import pytest
from psycopg import conninfo

import pgmg
from pgmg.errors import InsufficientPrivilegeError
from tests.oracle import differences, dump

BEFORE = {
    "migrations/001.sql": "CREATE TABLE users (id integer PRIMARY KEY, name text);\nCREATE TABLE empty ();\nCREATE SCHEMA app;",
    "sql/names.sql": "CREATE VIEW names AS SELECT id, name FROM users;",
    "sql/old.sql": "CREATE VIEW app.old AS SELECT id FROM users;",
    "sql/f.sql": "CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n $$;",
    "sql/kind.sql": "CREATE TYPE kind AS ENUM ('a', 'b');",
}
AFTER = {
    "names": {"sql/names.sql": "CREATE VIEW names AS SELECT id, upper(name) AS name FROM users;"},
    "recreated": {"sql/names.sql": "CREATE VIEW names AS SELECT name, id FROM users;"},
    "function": {"sql/f.sql": "CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n + 1 $$;"},
    "label": {"sql/kind.sql": "CREATE TYPE kind AS ENUM ('a', 'b', 'c');"},
    "new": {"sql/late.sql": "CREATE VIEW app.late AS SELECT 1 AS one;"},
    "index": {"sql/index.sql": "CREATE INDEX users_name ON users (name);"},
    "deleted": {"sql/old.sql": None},
    "table": {"migrations/002.sql": "CREATE TABLE more (id serial);"},
    "column": {"migrations/002.sql": "ALTER TABLE users ADD COLUMN age integer;"},
    "constraint": {"migrations/002.sql": "ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0);"},
    "renamed": {
        "migrations/002.sql": "ALTER TABLE users RENAME TO people;\nCREATE TABLE users (id integer, name text);"
    },
    "moved": {"migrations/002.sql": "ALTER TYPE kind SET SCHEMA app;", "sql/kind.sql": None},
    "dropped": {"migrations/002.sql": "DROP TABLE empty;"},
    "indexed": {"migrations/002.sql": "CREATE INDEX users_name ON users (name);"},
    "trigger": {
        "migrations/002.sql": "CREATE TRIGGER t BEFORE UPDATE ON users EXECUTE FUNCTION suppress_redundant_updates_trigger();"
    },
    "reference": {"migrations/002.sql": "CREATE TABLE more (id integer REFERENCES users);"},
    "schema": {"migrations/002.sql": "CREATE SCHEMA later;\nCREATE TABLE later.more (id integer);"},
    "policy": {"migrations/002.sql": "CREATE POLICY p ON users USING (id > 0);"},
    "comment": {"migrations/002.sql": "COMMENT ON TABLE users IS 'people';"},
}
STATEMENT = re.compile(r"GRANT [^;]*;")
ROLE = re.compile(r'role = "(\w+)"')


def opened(project, name: str, **settings):
    dsn = conninfo.make_conninfo(project.dsn, user=name, password="x")
    return pgmg.Project.open(project.root, connection_string=dsn, **settings)


@pytest.fixture
def owned(project, role):
    """A project that an owner without further rights has applied; gives the project and the owner's name."""
    owner = role("pgmg_owner", "LOGIN PASSWORD 'x'")
    project.do(f"ALTER SCHEMA public OWNER TO {owner}")
    project.do(f"GRANT CREATE ON DATABASE {project.value('SELECT current_database()')} TO {owner}")
    for path, text in BEFORE.items():
        project.write(path, text)
    with opened(project, owner) as first:
        first.apply()
        assert not missing(first.plan())
    return project, owner


@pytest.fixture
def another(owned, role):
    """A function that makes a role of a kind, beside the owner."""
    project, owner = owned

    def make(kind: str) -> str:
        options = {"admin": "CREATEROLE CREATEDB", "heir": "INHERIT", "member": "NOINHERIT"}.get(kind, "")
        name = role(f"pgmg_{kind}", f"LOGIN PASSWORD 'x' {options}")
        project.do("GRANT USAGE ON SCHEMA app TO PUBLIC", "GRANT SELECT ON pgmg_state, pgmg_migrations TO PUBLIC")
        if kind in ("heir", "member"):
            project.do(f"GRANT {owner} TO {name}")
        return name

    return make


def missing(plan) -> list[str]:
    return [notice.message for notice in plan.warnings if notice.code == "permission"]


def change(project, what: str) -> None:
    for path, text in AFTER[what].items():
        project.remove(path) if text is None else project.write(path, text)


@pytest.mark.parametrize("kind", ["reader", "admin", "heir", "member"])
@pytest.mark.parametrize("what", AFTER)
def test_what_is_missing_is_named_with_what_gives_it(owned, another, kind, what):
    project, owner = owned
    name = another(kind)
    change(project, what)
    if what == "index":
        project.do("GRANT SELECT ON users TO PUBLIC")
    project.do("GRANT TRIGGER, REFERENCES ON users TO PUBLIC")
    before, settings = dump(project.dsn), {}
    for _ in range(4):  # one refusal may hide another
        with opened(project, name, **settings) as project_of_role:
            said = missing(project_of_role.plan())
            events = []
            if not said:
                break
            with pytest.raises(InsufficientPrivilegeError) as caught:
                project_of_role.apply(listener=events.append)
        assert (events, caught.value.sqlstate) == ([], "42501")
        assert differences(before, dump(project.dsn)) == []
        for message in said:
            assert owner in message or "ON DATABASE" in message
            assert message in str(caught.value)
            if found := ROLE.search(message):
                settings["role"] = found[1]
        project.do(*(text for message in said for text in STATEMENT.findall(message)))
        before = dump(project.dsn)
    with opened(project, name, **settings) as project_of_role:
        assert project_of_role.apply().applied
        assert project_of_role.plan().is_empty
    assert ("role" in settings) <= (kind == "member")


def test_everything_at_once_is_one_message(owned, another):
    project, _ = owned
    name = another("reader")
    for what in ("names", "function", "label", "new"):
        change(project, what)
    with opened(project, name) as project_of_role:
        said = missing(project_of_role.plan())
        with pytest.raises(InsufficientPrivilegeError) as caught:
            project_of_role.apply()
    assert sorted(str(caught.value).split("\nhint")[0].splitlines()) == sorted(said)
    assert {subject for subject in ("view.names", "schema app", "pgmg_state") if any(subject in s for s in said)} == {
        "view.names",
        "schema app",
        "pgmg_state",
    }
    assert len(said) == len({message.split(" needs: ")[1] for message in said})


def test_what_a_migration_may_allow_is_a_warning_only(owned, another):
    """It grants what a later step needs: nobody knows before it has run."""
    project, owner = owned
    name = another("heir")
    project.do(
        f"REVOKE {owner} FROM {name}", f"GRANT {owner} TO {name} WITH ADMIN OPTION", f"ALTER ROLE {name} NOINHERIT"
    )
    change(project, "names")
    project.write("migrations/002.sql", f"SET ROLE {owner};")
    with opened(project, name) as project_of_role:
        plan = project_of_role.plan()
    assert missing(plan) == []
    assert any(notice.code == "permission-unless-migrated" for notice in plan.warnings) or not plan.warnings


def test_a_read_only_database_plans_with_the_same_warnings(owned, another):
    project, _ = owned
    name = another("reader")
    change(project, "names")
    with opened(project, name) as project_of_role:
        wanted = missing(project_of_role.plan())
    database = project.value("SELECT current_database()")
    project.do(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with opened(project, name) as project_of_role:
        assert missing(project_of_role.plan()) == wanted != []
    project.do("SET default_transaction_read_only = off", f"ALTER DATABASE {database} RESET ALL")


def test_a_role_that_cannot_restore_what_is_recreated_plans_and_may_not_apply(owned, another):
    """The plan shows the steps; the warning holds the statement that the role may not run."""
    project, owner = owned
    name = another("reader")
    project.write("migrations/002.sql", "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);")
    with opened(project, name) as project_of_role:
        plan = project_of_role.plan()
        assert "view.names" in {str(step.object) for step in plan.steps}
        assert any(f"ALTER VIEW public.names OWNER TO {owner}" in message for message in missing(plan))
        events = []
        with pytest.raises(InsufficientPrivilegeError, match="may not do this then"):
            project_of_role.apply(listener=events.append)
    assert events == []
