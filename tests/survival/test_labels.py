"""Security labels survive as well; where their provider is not loaded, the apply fails and nothing has changed."""

from __future__ import annotations

import psycopg
import pytest

from pgmg.errors import ApplyError
from tests.survival.catalog_rows import catalog_rows, differences

LABELS = "SELECT objsubid, label FROM pg_seclabel WHERE objoid = 'v'::regclass ORDER BY 1"


@pytest.fixture
def view(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, a integer)")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, a FROM t")
    project.apply()
    return project


def _recreate(project):
    project.write("migrations/002.sql", "ALTER TABLE t ALTER COLUMN a TYPE bigint")
    project.apply()


def test_a_label_survives(view, provider):
    name = provider(view.dsn)
    if name is None:
        pytest.skip("only for servers whose headers and a C compiler are on this machine")
    view.do(
        f"SECURITY LABEL FOR {name} ON VIEW v IS 'it''s secret'", f"SECURITY LABEL FOR {name} ON COLUMN v.a IS 'more'"
    )
    before = view.rows(LABELS)
    assert before == [(0, "it's secret"), (2, "more")]
    _recreate(view)
    assert view.rows(LABELS) == before


def test_a_label_whose_provider_is_not_loaded_fails_the_apply(view):
    """Only the catalog can be written to, to have such a label."""
    with psycopg.connect(view.dsn, autocommit=True) as conn:
        conn.execute("SET allow_system_table_mods TO on")
        conn.execute("INSERT INTO pg_seclabel VALUES ('v'::regclass, 'pg_class'::regclass, 2, 'absent', 'secret')")
    before = catalog_rows(view.dsn)
    with pytest.raises(ApplyError) as caught:
        _recreate(view)
    assert "SECURITY LABEL FOR absent ON COLUMN public.v.a IS 'secret'" in str(caught.value)
    assert 'security label provider "absent" is not loaded' in str(caught.value)
    assert differences(before, catalog_rows(view.dsn)) == []
