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
"""What is done by hand to each of so many objects."""
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
"""What is done by hand before, and what a migration does."""
FIRST = "CREATE TABLE t (id integer PRIMARY KEY, a integer);"
RETYPED = "ALTER TABLE t ALTER COLUMN a TYPE text USING a::text;\n"
ALONE = "-- pgmg: no-transaction\n" + RETYPED + "CREATE INDEX CONCURRENTLY i ON t (id);\n"


@pytest.mark.parametrize("change", [RETYPED, ALONE], ids=["one transaction", "several"])
@pytest.mark.parametrize("default", DEFAULTS)
@pytest.mark.parametrize("what", OBJECTS)
def test_objects_have_the_privileges_that_they_had(server, tmp_path, what, default, change):
    create_roles(server.admin)
    portions = [
        (FIRST, "a + 1"),
        (change, "length(a)"),
        (_said(DEFAULTS[default][1], what), "length(a)"),
        ("ALTER TABLE t ADD COLUMN z integer;", "length(a) + z"),
    ]
    dumps = []
    for way, ends in (("portions", [1, 2, 3, 4]), ("at once", [1, 4])):
        dsn = server.create()
        try:
            root = tmp_path / way
            root.mkdir()
            by_hand = [_said(DEFAULTS[default][0], what)]
            by_hand += [_said(one, what, f"v{n}") for n, granted in enumerate(GRANTED) for one in granted]
            _apply(Case(root, dsn), portions, ends, OBJECTS[what][1], by_hand)
            dumps.append(dump(dsn))
        finally:
            server.drop(dsn)
    assert differences(*dumps) == []


def _said(statement: str, what: str, name: str = "") -> str:
    named = OBJECTS[what][0].format(name)
    is_routine = what == "function"
    return statement.format(
        object=named,
        on=named if is_routine else f"TABLE {name}",
        privilege="EXECUTE" if is_routine else "SELECT",
        kind="FUNCTIONS" if is_routine else "TABLES",
    )


def _apply(case, portions, ends, create, by_hand) -> None:
    """Apply portions up to each of the `ends`, and change things by hand after the first."""
    done = 0
    for end in ends:
        for number, (migration, _) in enumerate(portions[done:end], done + 1):
            case.write(f"migrations/00{number}.sql", migration)
        for number in range(len(GRANTED)):
            case.write(f"sql/v{number}.sql", create.format(f"v{number}", portions[end - 1][1]))
        with case.open() as project:
            project.apply(yes=True)
            assert not project.plan().steps
        if not done:
            case.do(*by_hand)
        done = end
