"""Follows names of relations through a plan: which existing relation a name means, and which the plan creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.database.relation_facts import Relation, RelationFacts
    from pgmg.model.sources.source import Parts

NameAndSchema = tuple[str, str]


class RelationNames:
    """Names at one moment of a plan. A name that the plan has given to something new, or taken away, means nothing."""

    def __init__(self, facts: RelationFacts) -> None:
        self._existing: dict[NameAndSchema, Relation] = {(r.schema, r.name): r for r in facts.relations.values()}
        self._new: set[NameAndSchema] = set()
        self._there = set(facts.relations)
        self._project_path = facts.path
        self._path = facts.path

    def set_path(self, path: tuple[str, ...] | None) -> None:
        """Take a `SET search_path` into account; None goes back to the project's."""
        self._path = self._project_path if path is None else path

    def find(self, parts: Parts) -> Relation | None:
        """Return the existing relation that a name means now; None for what is new, dropped or unknown."""
        key = self._key(parts)
        return None if key is None else self._existing.get(key)

    def exists(self, relation: Relation) -> bool:
        """Say whether an existing relation is still there."""
        return relation.oid in self._there

    def in_schema(self, schema: str) -> tuple[Relation, ...]:
        """Return the existing relations that are in a schema now."""
        return tuple(relation for key, relation in self._existing.items() if key[0] == schema)

    def is_taken(self, parts: Parts) -> bool:
        """Say whether something bears the name now."""
        return self._key(parts) is not None

    def create(self, parts: Parts) -> None:
        """A new relation gets the name."""
        key = (parts[0], parts[1]) if len(parts) > 1 else (self._path[0] if self._path else "", parts[0])
        if (replaced := self._existing.pop(key, None)) is not None:
            self._there.discard(replaced.oid)
        self._new.add(key)

    def drop(self, relation: Relation) -> None:
        """A relation is dropped."""
        self._there.discard(relation.oid)
        for key in [key for key, found in self._existing.items() if found.oid == relation.oid]:
            del self._existing[key]

    def drop_new(self, parts: Parts) -> None:
        """A relation that the plan created is dropped."""
        key = self._key(parts)
        if key is not None:
            self._new.discard(key)

    def move(self, parts: Parts, name: str | None, schema: str | None) -> None:
        """A relation gets another name or schema."""
        key = self._key(parts)
        if key is None:
            return
        new = (schema or key[0], name or key[1])
        if key in self._new:
            self._new.discard(key)
            self._new.add(new)
        elif (relation := self._existing.pop(key, None)) is not None:
            self._existing[new] = relation

    def __iter__(self) -> Iterator[Relation]:
        return iter(self._existing.values())

    def _key(self, parts: Parts) -> NameAndSchema | None:
        candidates = [(parts[0], parts[1])] if len(parts) > 1 else [(schema, parts[0]) for schema in self._path]
        return next((key for key in candidates if key in self._new or key in self._existing), None)
