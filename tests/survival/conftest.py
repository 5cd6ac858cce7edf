"""What the tests of this folder share."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.survival import label_provider, settings


@pytest.fixture(scope="session")
def roles(server):
    """The roles keep_owner, keep_alice and keep_carol, and the tablespace keep_space."""
    settings.prepare(server.admin)


@pytest.fixture(scope="session")
def provider(server):
    """Loads a provider of security labels into new sessions of a database and returns its name; None if there is none."""
    folder = Path(tempfile.mkdtemp(prefix="pgmg-label-provider-"))
    library = label_provider.build(server.major, folder)

    def load(dsn: str) -> str | None:
        if library is None:
            return None
        with psycopg.connect(dsn, autocommit=True) as conn:
            name = sql.Identifier(conn.info.dbname)
            conn.execute(
                sql.SQL("ALTER DATABASE {} SET session_preload_libraries TO {}").format(name, sql.Literal(str(library)))
            )
        return "keep"

    yield load
    shutil.rmtree(folder)
