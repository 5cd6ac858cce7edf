"""Default privileges that change while an object is absent: it has the privileges again that it had (rule 6.1).

Each history is applied in portions, and at once to a copy. PostgreSQL keeps the privileges of what exists when default
privileges change, so the dumps are equal.
"""

from __future__ import annotations

import pytest

from tests.conftest import Case
from tests.oracle import differences, dump
from tests.property.projects import create_roles

READER, APP, BOSS = "pgmg_test_reader", "pgmg_test_app", "pgmg_test_boss"
OBJECTS = {
    "view": ("VIEW {}", "CREATE VIEW {} AS SELECT id, {} AS c FROM t;"),
    "materialized view": ("MATERIALIZED VIEW {}", "CREATE MATERIALIZED VIEW {} AS SELECT id, {} AS c FROM t;"),
    "function": (
        "FUNCTION {}(integer)",
        "CREATE FUNCTION {}(x integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum({}) FROM t; END;",
    ),
}
GRANTED = (
    [],
    [f"GRANT {{privilege}} ON {{on}} TO {APP}"],
    ["GRANT {privilege} ON {on} TO PUBLIC"],
    ["REVOKE ALL ON {on} FROM PUBLIC"],
    ["REVOKE ALL ON {on} FROM CURRENT_USER"],
    [f"ALTER {{object}} OWNER TO {BOSS}", f"GRANT {{privilege}} ON {{on}} TO {APP} WITH GRANT OPTION"],
)
"""The statements that are executed by hand, for each object of a kind."""
DEFAULTS = {
    "more": ("SELECT", f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {{kind}} TO {READER}"),
    "more in a schema": ("SELECT", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {kind} TO PUBLIC"),
    "less": ("SELECT", "ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM PUBLIC, CURRENT_USER"),
    "in a block": (
        "SELECT",
        f"DO $$ BEGIN EXECUTE 'ALTER DEFAULT PRIVILEGES GRANT ALL ON {{kind}} TO {READER}'; END $$",
    ),
    "no more": (
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {{kind}} TO {APP}",
        f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {{kind}} FROM {APP}",
    ),
}
"""A statement executed by hand before the migrations, and the statement of a migration; `{kind}` is filled in."""
FIRST = "CREATE TABLE t (id integer PRIMARY KEY, a integer);"
RETYPED = "ALTER TABLE t ALTER COLUMN a TYPE text USING a::text;\n"
ALONE = "-- pgmg: no-transaction\n" + RETYPED + "CREATE INDEX CONCURRENTLY i ON t (id);\n"
NAMES = {f"{what[0]}{number}": (what, number) for what in OBJECTS for number in range(len(GRANTED))}


@pytest.mark.parametrize("change", [RETYPED, ALONE], ids=["one transaction", "several"])
@pytest.mark.parametrize("default", DEFAULTS)
def test_objects_have_the_privileges_that_they_had(server, tmp_path, default, change):
    create_roles(server.admin)
    before, migrated = (
        "; ".join(statement.format(kind=kind) for kind in ("TABLES", "FUNCTIONS")) for statement in DEFAULTS[default]
    )
    portions = [
        (FIRST, "a + 1"),
        (change, "length(a)"),
        (migrated, "length(a)"),
        ("ALTER TABLE t ADD COLUMN z integer;", "length(a) + z"),
    ]
    dumps = []
    for way, ends in (("portions", [1, 2, 3, 4]), ("at once", [1, 4])):
        dsn = server.create()
        try:
            root = tmp_path / way
            root.mkdir()
            _apply(Case(root, dsn), portions, ends, before)
            dumps.append(dump(dsn))
        finally:
            server.drop(dsn)
    assert differences(*dumps) == []


def _apply(case, portions, ends, before) -> None:
    """Apply portions up to each of the `ends`, and change things by hand after the first."""
    done = 0
    for end in ends:
        for number, (migration, _) in enumerate(portions[done:end], done + 1):
            case.write(f"migrations/00{number}.sql", migration)
        for name, (what, _) in NAMES.items():
            case.write(f"sql/{name}.sql", OBJECTS[what][1].format(name, portions[end - 1][1]))
        with case.open() as project:
            project.apply(yes=True)
            assert not project.plan().steps
        if not done:
            case.do(*before.split("; "), *(one for name in NAMES for one in _granted(name)))
        done = end


def _granted(name: str) -> list[str]:
    """Return what is done by hand to an object."""
    what, number = NAMES[name]
    named = OBJECTS[what][0].format(name)
    on, privilege = (named, "EXECUTE") if what == "function" else (f"TABLE {name}", "SELECT")
    return [one.format(object=named, on=on, privilege=privilege) for one in GRANTED[number]]
