"""What the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.survival import settings


@pytest.fixture(scope="session")
def roles(server):
    """The roles keep_owner, keep_alice and keep_carol, and the tablespace keep_space."""
    settings.prepare(server.admin)
