"""Reads a saved plan, which is only compared with a new plan and never executed (rule 9.4)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgmg.errors import ConfigError
from pgmg.model.plans.plan import Action, PlanOptions, Recreate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.plans.plan_inputs import Entries

FORMAT = 1
_HINT = "make one with `pgmg plan --out PLAN.json`"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The contents of a saved plan.

    `basis` holds (part, digest) as in `Plan.basis`; `steps` are (action, object), and `inputs` what it was made from
    (`PlanInputs.entries`), for reporting differences.
    `document` is all of it, to be compared and not to be run: SQL from a file is never run.
    """

    fingerprint: str
    basis: tuple[tuple[str, str], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    options: PlanOptions = PlanOptions()
    inputs: Entries = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)


def load_saved_plan(text: str) -> SavedPlan:
    """Parse the text that `pgmg plan --out` wrote.

    Raises:
        ConfigError: the text is not a saved plan, or one of another format version.
    """
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The saved plan is not JSON: {error}", hint=_HINT) from error
    if not isinstance(document, dict) or "fingerprint" not in document or "steps" not in document:
        raise ConfigError("This is JSON, but not a saved plan", hint=_HINT)
    if document.get("format") != FORMAT or isinstance(document["format"], bool):
        found = document.get("format")
        raise ConfigError(f"The saved plan has format {found!r}; this pgmg reads format {FORMAT}", hint=_HINT)
    return SavedPlan(
        _text(document["fingerprint"], "fingerprint"),
        _basis(document.get("basis", {})),
        tuple(_step(step, number) for number, step in enumerate(_list(document["steps"]), start=1)),
        _options(document.get("options", {})),
        _inputs(document.get("inputs", {})),
        document,
    )


def _inputs(value: Any) -> Entries:
    """Read what the plan was made from: it only tells what has changed since, and may be missing."""
    if not isinstance(value, dict):
        raise _damaged("inputs", "an object")
    for part, entries in value.items():
        if not isinstance(entries, dict) or not all(isinstance(entry, str) for entry in entries.values()):
            raise _damaged(f"inputs.{part}", "an object of texts")
    return value


def _basis(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise _damaged("basis", "an object")
    return tuple((name, _text(digest, f"basis.{name}")) for name, digest in value.items())


def _step(value: Any, number: int) -> tuple[str, str]:
    if not isinstance(value, dict) or value.get("action") not in tuple(Action):
        raise _damaged(f"step {number}", "a step")
    return value["action"], _text(value.get("object"), f"the object of step {number}")


def _options(value: Any) -> PlanOptions:
    if not isinstance(value, dict):
        raise _damaged("options", "an object")
    recreate = value.get("recreate", PlanOptions().recreate)
    if recreate not in tuple(Recreate):
        raise _damaged("options.recreate", " or ".join(f'"{mode}"' for mode in Recreate))
    return PlanOptions(
        Recreate(recreate),
        drop_unmanaged=_flag(value.get("drop_unmanaged", False), "options.drop_unmanaged"),
        rewrite_tables=_flag(value.get("rewrite_tables", False), "options.rewrite_tables"),
    )


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _damaged("steps", "a list")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise _damaged(what, "a text")
    return value


def _flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise _damaged(what, "true or false")
    return value


def _damaged(what: str, wanted: str) -> ConfigError:
    return ConfigError(f"The saved plan is damaged: {what} is not {wanted}", hint=_HINT)
