"""Finds the conditions about single rows in policies and triggers, with the names that the row has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.quoting import spell
from pgmg.model.sources.facts import PolicyFacts, TriggerFacts
from pgmg.source.grammar.parser import expression, parse, relation_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.sources.source import SourceObject


def row_conditions(source: SourceObject) -> Iterator[tuple[str, str]]:
    """Yield the text of each condition and what FROM would have to say for it: `users AS new, users AS old`."""
    if isinstance(source.facts, PolicyFacts) and source.target.parent is not None:
        table = ".".join(map(spell, source.target.parent.parts))
        yield from ((text, table) for text in (source.facts.using, source.facts.check) if text)
    elif isinstance(source.facts, TriggerFacts):
        for raw in parse(source.sql).stmts:
            trigger = raw.stmt.create_trig_stmt
            if trigger.HasField("when_clause"):
                table = ".".join(map(spell, relation_parts(trigger.relation)))
                yield expression(trigger.when_clause), f"{table} AS new, {table} AS old"
