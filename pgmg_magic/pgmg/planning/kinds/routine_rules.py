"""Functions, procedures and aggregates: replaced in place while callers cannot tell the difference."""

from __future__ import annotations

from pgmg.model.naming.names import Kind
from pgmg.model.naming.type_identity import formatted_type, type_of
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import AggregateFacts, RoutineFacts
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.source.grammar.rewriting import or_replace

_SHORT_MODES = {"i": "in", "o": "out", "b": "inout", "v": "variadic", "t": "table"}
_OUTPUT = frozenset({"out", "inout", "table"})


def choose_strategy(case: ObjectDiff) -> Strategy:
    """CREATE OR REPLACE keeps name, input types, parameter names, result and defaults (PostgreSQL: CREATE FUNCTION)."""
    reason = _difference(case)
    if reason is not None:
        return RecreateObject(reason)
    return AlterInPlace(Action.REPLACE, (or_replace(case.source.sql),), "same signature")


def _difference(case: ObjectDiff) -> str | None:
    if not case.facts:
        return None
    match case.source.facts:
        case AggregateFacts(state_type=state) if state is not None:
            return (
                None
                if _same_type(case.argument_type(state), case.facts.get("state_type"))
                else "its state type changes"
            )
        case RoutineFacts() as facts:
            return _routine_difference(case, facts)
        case _:
            return None


def _routine_difference(case: ObjectDiff, facts: RoutineFacts) -> str | None:
    types = case.facts["types"]
    modes = [_SHORT_MODES[m] for m in case.facts["modes"] or ["i"] * len(types)]
    names = case.facts["names"] or [""] * len(types)
    # trailing defaults can be added, never taken away
    if sum(a.default is not None for a in facts.arguments) < case.facts["defaults"]:
        return "a parameter loses its default"
    if case.facts["window"] is not facts.window:
        return "it becomes or ceases to be a window function"
    old = [(m, t) for m, t in zip(modes, types, strict=True)]
    new = [(a.mode, case.argument_type(a.type)) for a in facts.arguments]
    if len(old) != len(new) or any(a[0] != b[0] or not _same_type(a[1], b[1]) for a, b in zip(new, old, strict=True)):
        return "its parameters change"
    for argument, name, mode in zip(facts.arguments, names, modes, strict=True):
        renamed = (argument.name or "") != name
        # an unnamed input parameter may get a name; output names are the columns of the result
        if renamed and (name or mode in _OUTPUT):
            return "a parameter changes its name"
    if case.name.kind is Kind.PROCEDURE:
        return None
    result, is_set = _result(case, facts)
    if not _same_type(result, case.facts["result"]) or is_set is not case.facts["set"]:
        return "its result changes"
    return None


def _result(case: ObjectDiff, facts: RoutineFacts) -> tuple[str, bool]:
    out = [a for a in facts.arguments if a.mode in _OUTPUT]
    if any(a.mode == "table" for a in out):
        return (case.argument_type(out[0].type) if len(out) == 1 else "record"), True
    is_set = facts.result is not None and facts.result.setof
    if facts.result is not None:
        return case.argument_type(facts.result), is_set
    return (case.argument_type(out[0].type) if len(out) == 1 else "record"), is_set


def _same_type(declared: str, live: str | None) -> bool:
    return type_of(declared) == formatted_type(live or "")


RULES = Rules(frozenset({Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE}), choose_strategy)
