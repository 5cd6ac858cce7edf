"""Views: replaced in place while the old columns are a prefix of the new ones."""

from __future__ import annotations

from pgmg.model.database.catalog_details import ColumnShape
from pgmg.model.database.option_values import holds, truth
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.quoting import literal, quote
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import stated_options
from pgmg.model.sources.source import Notice
from pgmg.planning.kinds.equal_definitions import is_equal
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.planning.resolve.sql_names import target
from pgmg.source.grammar.indexes import stated_storage
from pgmg.source.grammar.rewriting import or_replace

_NO_PERMISSION = "42501"
_GUARDS = ("security_barrier", "security_invoker")


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Compare the live columns with those the new query returns (rule 5.1)."""
    if case.upstream is not None:
        return RecreateObject(case.upstream)
    if case.change is ChangeKind.ADOPTED and _has_options(case) and is_equal(case):
        return NO_CHANGE
    shape = case.shape
    if shape is None or (shape.error is not None and shape.sqlstate != _NO_PERMISSION):
        return RecreateObject("its new columns are not known yet")
    if shape.error is None and not _is_prefix(live_columns(case), shape.columns):
        return RecreateObject("its columns change")
    return AlterInPlace(
        Action.REPLACE,
        (or_replace(case.source.sql), *_kept_options(case)),
        "columns unchanged" if shape.columns and len(shape.columns) == len(live_columns(case)) else "columns appended",
        _guard_warnings(case),
    )


def _has_options(case: ObjectDiff) -> bool:
    """Say whether the view has every option that is declared, with the same value."""
    live = live_options(case)
    return all(holds(live, name, value) for name, value in stated_options(case.source.facts).items())


def live_columns(case: ObjectDiff) -> tuple[ColumnShape, ...]:
    """Return the columns the catalog has."""
    return tuple(ColumnShape(c[0], c[1], c[2], c[3]) for c in case.facts.get("columns", ()))


def _is_prefix(old: tuple[ColumnShape, ...], new: tuple[ColumnShape, ...]) -> bool:
    return new[: len(old)] == old


def set_option(name: ObjectName, option: str, value: str) -> str:
    """Return the statement that sets an option; `toast.autovacuum_enabled` is one of the TOAST table's."""
    return f"ALTER {target(name)} SET ({_spelled(option)} = {literal(value).strip()})"


def reset_option(name: ObjectName, option: str) -> str:
    """Return the statement that takes an option away."""
    return f"ALTER {target(name)} RESET ({_spelled(option)})"


def set_tablespace(name: ObjectName, space: str) -> str:
    """Return the statement that moves a materialized view or index to a tablespace."""
    return f"ALTER {target(name)} SET TABLESPACE {quote(space)}"


def changed_storage(case: ObjectDiff) -> dict[str, str | None]:
    """Return the tablespace and access method that are declared and that an object does not have, or no longer has.

    None is what the declaration no longer names (rule 3.6): the default of the database.
    """
    wanted = stated_storage(case.source.sql)
    if case.change is ChangeKind.DRIFTED:
        now = stated_storage(case.definition.text) if case.definition is not None and case.definition.text else {}
        return {what: name for what, name in wanted.items() if now.get(what) != name}
    if case.change is not ChangeKind.MODIFIED or case.previous is None:
        return {}
    before = stated_storage(case.previous.sql)
    return {what: wanted.get(what) for what in before.keys() | wanted.keys() if before.get(what) != wanted.get(what)}


def _spelled(option: str) -> str:
    return ".".join(map(quote, option.split(".")))


def live_options(case: ObjectDiff) -> dict[str, str]:
    """Return the options the catalog has, as `name: value`."""
    return dict(option.split("=", 1) for option in case.facts.get("options", ()))


def unstated_options(case: ObjectDiff) -> dict[str, str]:
    """Return live options that neither this source nor the last applied one declares (rule 3.6)."""
    said = stated_options(case.source.facts) | stated_options(case.previous.facts if case.previous else None)
    return {name: value for name, value in live_options(case).items() if name not in said}


def _kept_options(case: ObjectDiff) -> tuple[str, ...]:
    """CREATE OR REPLACE VIEW clears every option that it does not name (rule 6.1)."""
    return tuple(set_option(case.name, name, value) for name, value in unstated_options(case).items())


def _guard_warnings(case: ObjectDiff) -> tuple[Notice, ...]:
    declared, live = stated_options(case.source.facts), live_options(case)
    kept = unstated_options(case)
    lost = [g for g in _GUARDS if truth(live.get(g)) and not truth(declared.get(g)) and g not in kept]
    return tuple(
        Notice(
            "access-widened",
            f"{case.name} loses {guard}: its readers may see more than before.",
            str(case.source.location),
        )
        for guard in lost
    )


RULES = Rules(frozenset({Kind.VIEW}), choose_strategy)
