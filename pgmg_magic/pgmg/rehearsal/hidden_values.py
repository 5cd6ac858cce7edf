"""Takes the values of rows out of errors: what a rehearsal says of a sample is shown to others."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgmg.errors import ApplyError
from pgmg.model.secrets import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTED = re.compile(r'"[^"]*"')
_MORE = re.compile(r"\n(?:DETAIL|CONTEXT): .*", re.DOTALL)


@contextmanager
def without_values() -> Iterator[None]:
    """Within, an error of a step loses what may hold values: detail, context, quoted data, the text of an exception.

    Raises:
        ApplyError: the error, with its place and SQLSTATE.
    """
    try:
        yield
    except ApplyError as error:
        message = _MORE.sub("", error.message)
        match (error.sqlstate or "")[:2]:
            case "22":  # data exceptions quote the value
                message = _QUOTED.sub(f'"{HIDDEN}"', message)
            case "P0":  # a routine wrote the text
                about, found, _ = message.partition(": ")
                message = f"{about if found else 'a step failed'}: an exception is raised, whose text may hold values"
            case _:
                pass
        raise type(error)(message, where=error.where, hint=None, sqlstate=error.sqlstate, object=error.object) from None
