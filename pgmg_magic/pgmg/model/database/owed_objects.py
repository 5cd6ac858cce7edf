"""Objects that an apply has dropped and whose recreation it still owes: recorded with the commit (rule 9.2)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pgmg.model.database.catalog_details import Aspect, Definition, Dependency, DependencyType, ObjectProperty
from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName


@dataclass(frozen=True, slots=True)
class OwedObject:
    """A dropped object: its definition right before the drop, and the rows of `pg_depend` that it was the subject of.

    `migration` is the one for whose sake it was dropped.
    """

    definition: Definition
    needs: tuple[Dependency, ...]
    migration: str

    @property
    def name(self) -> ObjectName:
        """The name that the object had."""
        return self.definition.name

    @property
    def address(self) -> Address:
        """The address that the object had; no other object has it."""
        return self.definition.address

    def to_json(self) -> dict[str, Any]:
        """Return what `pgmg_owed` holds of the object."""
        return {
            "definition": {**asdict(self.definition), "name": _name_to_json(self.name)},
            "needs": [asdict(need) for need in self.needs],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], migration: str) -> OwedObject:
        """Return the object that `to_json` has written down."""
        own = value["definition"]
        definition = Definition(
            **{
                **own,
                "address": Address(*own["address"]),
                "name": _name_from_json(own["name"]),
                "create": tuple(own["create"]),
                "properties": tuple(ObjectProperty(**{**p, "aspect": Aspect(p["aspect"])}) for p in own["properties"]),
            }
        )
        return cls(definition, tuple(map(_need_from_json, value["needs"])), migration)


def _need_from_json(value: dict[str, Any]) -> Dependency:
    ends = {end: Address(*value[end]) for end in ("dependent", "referenced")}
    return Dependency(**{**value, **ends, "type": DependencyType(value["type"])})


def _name_to_json(name: ObjectName) -> dict[str, Any]:
    parts: dict[str, Any] = {"kind": name.kind.value, "name": name.name, "schema": name.schema, "detail": name.detail}
    parts["arguments"] = None if name.arguments is None else list(name.arguments)
    parts["parent"] = None if name.parent is None else _name_to_json(name.parent)
    return parts


def _name_from_json(value: dict[str, Any]) -> ObjectName:
    arguments, parent = value["arguments"], value["parent"]
    return ObjectName(
        Kind(value["kind"]),
        value["name"],
        value["schema"],
        None if arguments is None else tuple(arguments),
        None if parent is None else _name_from_json(parent),
        value["detail"],
    )
