"""An interrupt that comes while psycopg's pipeline mode ends stays an interrupt."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
import pytest

from pgmg.catalog.catalog_queries import pipeline


class Ending:
    """A connection whose pipeline cannot end properly, because of what comes meanwhile."""

    def __init__(self, *comes: type[BaseException]) -> None:
        self.comes = comes

    @contextmanager
    def pipeline(self):
        yield
        try:
            try:
                if self.comes:
                    raise self.comes[0]
            finally:
                raise psycopg.InterfaceError("results are missing")
        finally:
            raise psycopg.OperationalError("cannot exit pipeline mode while busy")


def test_an_interrupt_stays_itself():
    with pytest.raises(KeyboardInterrupt) as caught, pipeline(Ending(KeyboardInterrupt)):
        pass
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("comes", [(), (ValueError,)])
def test_other_errors_stay_what_they_are(comes):
    with pytest.raises(psycopg.OperationalError, match="while busy"), pipeline(Ending(*comes)):
        pass
