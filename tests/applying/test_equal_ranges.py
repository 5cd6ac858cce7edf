"""Ranges: every clause that the server keeps is compared, and one that says what it would choose is no difference.

The rows of pg_range are the oracle.
"""

from __future__ import annotations

from itertools import product

import pytest

from pgmg.model.plans.plan import ChangeKind

SETUP = """
CREATE FUNCTION gap(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE OPERATOR CLASS own_ops FOR TYPE float8 USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btfloat8cmp(float8, float8);
"""
ROW = """
SELECT rngsubtype, rngsubopc, rngcollation, rngcanonical, rngsubdiff, rngmultitypid::regtype::text FROM pg_range WHERE rngtypid = 'it'::regtype
"""
TEXTS = {
    "text": [
        "subtype = text",
        "SUBTYPE = text, subtype_opclass = text_ops",
        'subtype = pg_catalog.text, collation = "default", multirange_type_name = it_multirange',
        'subtype = text, collation = "C"',
        "subtype = text, subtype_opclass = text_pattern_ops",
        "subtype = text, multirange_type_name = many",
        "subtype = varchar",
    ],
    "numbers": [
        "subtype = float8",
        "subtype = double precision, subtype_opclass = pg_catalog.float8_ops",
        "subtype = float8, subtype_diff = gap",
        "subtype_diff = float8mi, subtype = float8",
        "subtype = float8, subtype_opclass = own_ops",
        "subtype = float4",
    ],
}  # fmt: skip


@pytest.mark.parametrize("group", TEXTS)
def test_a_range_that_somebody_made_otherwise_is_put_back(project, group):
    project.do(SETUP)
    for there, declared in product(TEXTS[group], TEXTS[group]):
        project.write("sql/it.sql", f"CREATE TYPE it AS RANGE ({declared});\n")
        project.apply()
        wanted = project.rows(ROW)
        project.do("DROP TYPE it", f"CREATE TYPE it AS RANGE ({there})")
        is_same = project.rows(ROW) == wanted
        plan = project.plan()
        assert [change.change for change in plan.changes] == ([] if is_same else [ChangeKind.DRIFTED]), (
            there,
            declared,
        )
        assert bool(plan.steps) is not is_same, (there, declared)
        project.do("DELETE FROM pgmg_state")
        assert bool(project.plan().steps) is not is_same, (there, declared)
        project.apply()
        project.settled()
        assert project.rows(ROW) == wanted


@pytest.mark.parametrize("name", ["it", "range", "a_range_of_ranges", "r" * 60, "\u00e4" * 31])
def test_the_name_that_the_server_gives_to_a_multirange_is_no_difference(project, name):
    project.do(f'CREATE TYPE "{name}" AS RANGE (subtype = text)')
    project.write("sql/it.sql", f'CREATE TYPE "{name}" AS RANGE (subtype = text);\n')
    with project.open() as opened:
        assert not opened.plan().steps
