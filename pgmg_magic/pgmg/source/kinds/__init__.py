"""The kinds of object that a code folder may declare, a module each (rule 1.4).

A module offers `READERS`: for each statement of the grammar that it understands, how to read it. Adding a kind is
adding a module to the list below.
"""

from __future__ import annotations

from functools import cache

from pgmg.source.kinds import (
    aggregate,
    alter_relation,
    base_type,
    cast,
    collation,
    column_default,
    comment,
    composite,
    default_privileges,
    domain,
    enum,
    event_trigger,
    grant,
    index,
    materialized_view,
    operator,
    operator_class,
    owner,
    policy,
    range,  # noqa: A004 - the kind's name
    routine,
    rule,
    statistics,
    text_search,
    trigger,
    view,
)
from pgmg.source.kinds import (
    trigger_firing as firing,
)
from pgmg.source.kinds.base import Declaration, DeclarationReader, Readers, key_of

__all__ = ["Declaration", "DeclarationReader", "Readers", "key_of", "readers"]

_MODULES = (
    aggregate,
    alter_relation,
    base_type,
    cast,
    collation,
    column_default,
    comment,
    composite,
    default_privileges,
    domain,
    enum,
    event_trigger,
    firing,
    grant,
    index,
    materialized_view,
    operator,
    operator_class,
    owner,
    policy,
    range,
    routine,
    rule,
    statistics,
    text_search,
    trigger,
    view,
)


@cache
def readers() -> Readers:
    """Return the readers of all kinds in one table."""
    return {key: reader for module in _MODULES for key, reader in module.READERS.items()}
