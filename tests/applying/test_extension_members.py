"""Members of an extension are never replaced or dropped, also where a file declares them."""

from __future__ import annotations

import pytest

from pgmg.errors import RefusedChange

ONE = "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
DECLARED = {
    "function.one()": (ONE, ONE.replace("SELECT 1", "SELECT 2"), "FUNCTION one()"),
    "view.v": ("CREATE VIEW v AS SELECT 1 AS n", "CREATE VIEW v AS SELECT 2 AS n", "VIEW v"),
    "materialized_view.m": (
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS n",
        "CREATE MATERIALIZED VIEW m AS SELECT 2 AS n",
        "MATERIALIZED VIEW m",
    ),
    "type.kind": ("CREATE TYPE kind AS ENUM ('a')", "CREATE TYPE kind AS ENUM ('a', 'b')", "TYPE kind"),
}


def refused(project, name):
    """Apply, which must be refused with the name and the extension."""
    with pytest.raises(RefusedChange) as caught:
        project.apply()
    assert name in caught.value.message
    assert "extension plpgsql" in caught.value.message
    return caught.value


@pytest.fixture(params=sorted(DECLARED))
def member(request, project):
    """An object that the extension plpgsql owns, and another declaration of it."""
    stored, wanted, target = DECLARED[request.param]
    project.do(stored, f"ALTER EXTENSION plpgsql ADD {target}")
    return request.param, stored, wanted, target


def test_a_member_that_is_declared_is_not_taken_over(project, member):
    name, _, wanted, target = member
    project.write("sql/member.sql", f"{wanted};")
    assert "ALTER EXTENSION plpgsql DROP" in refused(project, name).hint
    project.do(f"ALTER EXTENSION plpgsql DROP {target}")  # as the hint says
    project.apply()
    project.settled()


def test_what_an_extension_took_is_neither_replaced_nor_dropped(project, member):
    name, stored, wanted, target = member
    project.do(f"ALTER EXTENSION plpgsql DROP {target}")
    project.write("sql/member.sql", f"{stored};")
    project.write("sql/other.sql", "CREATE VIEW other AS SELECT 1 AS n;")
    project.apply()
    project.do(f"ALTER EXTENSION plpgsql ADD {target}")
    project.settled()
    project.write("sql/member.sql", f"{wanted};")
    refused(project, name)
    project.remove("sql/member.sql")
    with pytest.raises(Exception, match="extension plpgsql"):
        project.apply()
    assert project.value(
        "SELECT count(*) FROM pg_depend JOIN pg_extension e ON refobjid = e.oid WHERE extname = 'plpgsql'"
        " AND deptype = 'e' AND objid >= 16384"
    )
