"""A plan of several transactions that ends between two of them: the next apply does all that is left (rule 9.6).

The ground truth is the same project in another database, applied to its end.
"""

from __future__ import annotations

import pytest

from pgmg.model.results.events import Recorded, StepBegun
from tests.oracle import differences, dump

EARLY = "CREATE VIEW v AS SELECT id, a FROM t;"
"""It exists before the second migration, which cannot be read and may need it."""

LATE = {
    "a grant": "GRANT SELECT ON v TO PUBLIC;",
    "a grant on a column": "GRANT SELECT (a) ON v TO PUBLIC;",
    "a comment": "COMMENT ON VIEW v IS 'said';",
    "a comment on a column": "COMMENT ON COLUMN v.a IS 'said';",
    "a default": "ALTER VIEW v ALTER COLUMN a SET DEFAULT 7;",
    "a view": "CREATE VIEW w AS SELECT * FROM later;",
    "a materialized view with an index": "CREATE MATERIALIZED VIEW w AS SELECT * FROM later;\nCREATE INDEX i ON w (id);",
    "a function": "CREATE FUNCTION f() RETURNS SETOF later LANGUAGE sql AS $$ SELECT * FROM later $$;",
    "a trigger": "CREATE TRIGGER g BEFORE INSERT ON later FOR EACH ROW EXECUTE FUNCTION noted();",
    "a policy": "CREATE POLICY p ON later USING (id IS NOT NULL);",
    "a rule": "CREATE RULE r AS ON INSERT TO later DO ALSO NOTHING;",
    "a view with a grant": "CREATE VIEW w AS SELECT * FROM later;\nGRANT SELECT ON w TO PUBLIC;",
    "default privileges": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;",
}
MIGRATIONS = {
    "migrations/001.sql": "CREATE TABLE t (id integer, a integer);\n"
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;",
    "migrations/002.sql": "DO $$ BEGIN PERFORM 1; END $$;",
    "migrations/003.sql": "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i_t ON t (id);",
    "migrations/004.sql": "CREATE TABLE later (id integer);",
    "migrations/005.sql": "-- pgmg: no-transaction\nCREATE INDEX CONCURRENTLY i_later ON later (id);",
}


class _BrokenOff(BaseException):
    """The end of a process in the middle of an apply."""


def apply_in_part(project, commits: int) -> bool:
    """Apply until so many transactions are committed; say whether more was to be done."""
    left = commits

    def listen(event) -> None:
        nonlocal left
        left -= isinstance(event, Recorded)
        if isinstance(event, StepBegun) and not left:
            raise _BrokenOff

    with project.open() as opened:
        try:
            opened.apply(yes=True, listener=listen)
        except _BrokenOff:
            return True
    return False


@pytest.mark.parametrize("files", [1, 2], ids=["one file", "two files"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "changed"])
@pytest.mark.parametrize("kind", LATE)
def test_what_later_transactions_were_to_create_is_created(project, other, kind, is_new, files):
    both = {"sql/v.sql": f"{EARLY}\n{LATE[kind]}"} if files == 1 else {"sql/v.sql": EARLY, "sql/w.sql": LATE[kind]}
    first = (
        {}
        if is_new
        else {"migrations/001.sql": MIGRATIONS["migrations/001.sql"], "sql/v.sql": "CREATE VIEW v AS SELECT id FROM t;"}
    )
    for one in (project, other):
        for path, text in first.items():
            one.write(path, text)
        one.apply()
        for path, text in (MIGRATIONS | both).items():
            one.write(path, text)
    other.apply()
    wanted, breaks = dump(other.dsn), 0
    while apply_in_part(project, 1):
        breaks += 1
    project.settled()
    assert breaks >= 2
    assert differences(wanted, dump(project.dsn)) == []


def test_rows_tell_the_file_once_all_of_it_is_recorded(project):
    """The quick answer that nothing is to be done holds again after a plan of several transactions."""
    for path, text in (MIGRATIONS | {"sql/v.sql": f"{EARLY}\n{LATE['a view']}"}).items():
        project.write(path, text)
    with project.open() as opened:
        opened.apply(yes=True)
    hashes = project.rows("SELECT object_name, file_hash FROM pgmg_state WHERE path = 'sql/v.sql'")
    assert {name for name, _ in hashes} == {"view.v", "view.w"}
    assert len({hash_ for _, hash_ in hashes}) == 1
    assert all(hash_ for _, hash_ in hashes)
