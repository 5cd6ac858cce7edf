"""Checks of files and bodies as JSON documents, described by `schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.model.naming.names import unknown_object
from pgmg.model.plans.body_check import BodyCheck, BodyProblem, CheckedOn
from pgmg.render.sanitize import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.source.project_check import FileCheck


def check_document(files: FileCheck | None, bodies: BodyCheck | None) -> dict[str, Any]:
    """Return what was checked; counts of files are missing where only bodies were, and the other way round."""
    found: dict[str, Any] = {}
    if files is not None:
        found |= {"files": files.files, "objects": files.objects, "migrations": files.migrations}
    if bodies is not None:
        found["bodies"] = bodies_document(bodies)
    return found


def bodies_document(found: BodyCheck) -> dict[str, Any]:
    """Return a check of bodies."""
    return {
        "checked_on": found.checked_on.value,
        "reason": found.reason,
        "checked": found.checked,
        "plpgsql_check": found.with_extension,
        "unchecked": [str(name) for name in found.unchecked],
        "problems": [
            {
                "object": str(problem.object),
                "where": problem.where,
                "cause": problem.cause,
                "message": mask_secrets(problem.message),
            }
            for problem in found.problems
        ],
    }


def read_bodies(document: Mapping[str, Any]) -> BodyCheck:
    """Return a check of bodies from its document.

    Raises:
        KeyError, TypeError, ValueError: the document is none.
    """
    return BodyCheck(
        CheckedOn(document["checked_on"]),
        int(document["checked"]),
        tuple(
            BodyProblem(unknown_object(one["object"]), str(one["message"]), one["where"], one["cause"])
            for one in document["problems"]
        ),
        tuple(unknown_object(name) for name in document["unchecked"]),
        document["reason"],
        bool(document["plpgsql_check"]),
    )
