"""A continuous aggregate of TimescaleDB looks like a view, and is never replaced or recreated.

The stand-in has the marks that its catalog has: a view over a hypertable `_materialized_hypertable_N` in
`_timescaledb_internal`, in which the extension keeps the rows, and over the raw table.
"""

from __future__ import annotations

import pytest

from pgmg.errors import RefusedChange
from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportOptions

STAND_IN = (
    "CREATE SCHEMA _timescaledb_internal CREATE TABLE _materialized_hypertable_2 (day date, total bigint)",
    "INSERT INTO _timescaledb_internal._materialized_hypertable_2 VALUES ('2020-01-01', 7)",
    (
        "CREATE VIEW daily AS SELECT day, total FROM _timescaledb_internal._materialized_hypertable_2 WHERE day < '2030-01-01' "
        "UNION ALL SELECT day, count(*) FROM raw WHERE day >= '2030-01-01' GROUP BY day"
    ),
)
BEFORE = "SELECT oid, xmin::text FROM pg_class WHERE relname = 'daily'"


@pytest.fixture
def daily(project):
    project.write("migrations/001.sql", "CREATE TABLE raw (day date, n integer);")
    project.write("sql/over.sql", "CREATE VIEW over AS SELECT n FROM raw;")
    project.apply()
    project.do(*STAND_IN)
    return project


def test_a_migration_below_it_is_refused_with_the_reason(daily):
    before = daily.rows(BEFORE)
    daily.write("migrations/002.sql", "ALTER TABLE raw ALTER COLUMN day TYPE timestamp;")
    with pytest.raises(RefusedChange, match=r"view\.daily.* continuous aggregate of TimescaleDB"):
        daily.plan()
    assert daily.rows(BEFORE) == before


def test_what_does_not_touch_it_is_applied(daily):
    before = daily.rows(BEFORE)
    daily.write("migrations/002.sql", "ALTER TABLE raw ALTER COLUMN n TYPE bigint;")
    daily.write("sql/over.sql", "CREATE VIEW over AS SELECT n, day FROM raw;")
    daily.apply()
    daily.settled()
    assert daily.rows(BEFORE) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT day, 0::bigint AS total FROM raw",  # in place
        "SELECT day, n FROM raw",  # other columns: recreated
    ],
)
def test_a_view_that_is_declared_in_its_place_is_refused(daily, query):
    before = daily.rows(BEFORE)
    daily.write("sql/daily.sql", f"CREATE VIEW daily AS {query};")
    with pytest.raises(RefusedChange, match=r"sql/daily\.sql:1.* continuous aggregate of TimescaleDB") as caught:
        daily.apply()
    assert "ignore" in caught.value.hint
    assert daily.rows(BEFORE) == before


def test_the_import_leaves_it_out_with_the_reason(daily):
    with daily.open() as opened:
        report = Importer(opened.settings, opened.connect).run(ImportOptions())
    assert report.files == ()
    (left,) = report.left_out
    assert left.object == "view.daily"
    assert "continuous aggregate of TimescaleDB" in left.reason


def test_a_view_over_a_table_of_another_name_is_an_ordinary_one(daily):
    daily.do(
        "CREATE TABLE _timescaledb_internal.plain (day date)",
        "CREATE VIEW usual AS SELECT raw.day FROM raw JOIN _timescaledb_internal.plain USING (day)",
    )
    daily.do("DROP VIEW daily")
    daily.write("migrations/002.sql", "ALTER TABLE raw ALTER COLUMN day TYPE timestamp;")
    daily.apply()
    assert daily.value("SELECT to_regclass('usual')")
