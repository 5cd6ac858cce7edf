"""Event triggers do not run while pgmg asks the server how it words a declaration (rule 3.1)."""

from __future__ import annotations

import pytest

NOTED = """
CREATE SEQUENCE runs;
CREATE TABLE t (a integer);
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.runs'); END $$;
CREATE VIEW v AS SELECT * FROM t WHERE a IN (1, 2) OR a BETWEEN SYMMETRIC 3 AND 4;
CREATE FUNCTION f(n integer = 1 + 1) RETURNS integer LANGUAGE sql RETURN n;
CREATE EVENT TRIGGER noting ON ddl_command_end EXECUTE FUNCTION note();
"""
CODE = """
CREATE VIEW v AS SELECT * FROM t WHERE a IN (1, 2) OR a BETWEEN SYMMETRIC 3 AND 4;
CREATE FUNCTION f(n integer = 1 + 1) RETURNS integer LANGUAGE sql RETURN n;
"""


@pytest.mark.parametrize("state", ["DISABLE", "ENABLE", "ENABLE REPLICA", "ENABLE ALWAYS"])
def test_what_is_there_is_adopted_and_no_event_trigger_runs(project, server, state):
    """A sequence tells of a run that was rolled back. Before PostgreSQL 17 one that always runs cannot be held back."""
    project.do(NOTED, f"ALTER EVENT TRIGGER noting {state}")
    before = project.rows("SELECT last_value, is_called FROM runs")
    project.write("sql/code.sql", CODE)
    held_back = state in ("DISABLE", "ENABLE") or server.major >= 17
    assert bool(project.plan().steps) is not held_back
    assert project.rows("SELECT last_value, is_called FROM runs") == before
