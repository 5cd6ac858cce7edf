"""pg_dump writes some properties in another order, or spells them out: this is no drift in a restored database (rule 3.2)."""

from __future__ import annotations

import pytest

from pgmg.model.plans.plan import ChangeKind

OPERATORS = """
CREATE FUNCTION lt(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE FUNCTION gt(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2';
CREATE OPERATOR <# (LEFTARG = integer, RIGHTARG = integer, FUNCTION = lt, COMMUTATOR = #>, RESTRICT = scalarltsel);
CREATE OPERATOR #> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = gt, RESTRICT = scalargtsel);
"""
LINKS = "SELECT oid::regoperator::text, oprcom::regoperator::text FROM pg_operator WHERE oid >= 16384 ORDER BY 1"


def again(project, **clauses):
    """Make the operators again in the other order, with both links, as pg_dump does."""
    said = {"FUNCTION": "gt", "COMMUTATOR": "<#", "RESTRICT": "scalargtsel", **clauses}
    text = ", ".join(f"{name} = {value}" for name, value in said.items() if value)
    project.do(
        "DROP OPERATOR #> (integer, integer)",
        "DROP OPERATOR <# (integer, integer)",
        f"CREATE OPERATOR #> (LEFTARG = integer, RIGHTARG = integer, {text})",
        OPERATORS.split(";")[2],
    )


def test_an_operator_that_knows_its_commutator_has_not_drifted(project):
    project.write("sql/o.sql", OPERATORS)
    project.apply()
    before = project.rows(LINKS)
    again(project)
    assert project.rows(LINKS) != before
    assert project.plan().changes == ()
    project.settled()


@pytest.mark.parametrize(
    "clauses", [{"RESTRICT": "neqsel"}, {"RESTRICT": ""}, {"FUNCTION": "lt"}, {"JOIN": "neqjoinsel"}]
)
def test_an_operator_with_another_clause_has_drifted(project, clauses):
    project.write("sql/o.sql", OPERATORS)
    project.apply()
    again(project, **clauses)
    assert [change.change for change in project.plan().changes] == [ChangeKind.DRIFTED]


@pytest.mark.parametrize("same", [True, False])
def test_roles_of_a_policy_in_another_order_are_no_drift(project, same):
    (user,) = project.rows("SELECT quote_ident(current_user)")[0]
    project.do("CREATE TABLE t (a integer)")
    project.write("sql/p.sql", "CREATE POLICY p ON t TO CURRENT_USER, pg_monitor, pg_signal_backend USING (a > 1);\n")
    project.apply()
    named = f"pg_signal_backend, {user}, pg_monitor" if same else user
    project.do("DROP POLICY p ON t", f"CREATE POLICY p ON t TO {named} USING (a > 1)")
    assert [change.change for change in project.plan().changes] == ([] if same else [ChangeKind.DRIFTED])
