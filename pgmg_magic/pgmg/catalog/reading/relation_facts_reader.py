"""Reads what forecasts of locks and rewrites must know of the database, in one round trip."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.catalog.reading.catalog_queries import Row, run_queries
from pgmg.model.database.relation_facts import (
    Column,
    ColumnType,
    FactsWanted,
    Relation,
    RelationFacts,
    TableConstraint,
    TableIndex,
)
from pgmg.model.naming.quoting import quote
from pgmg.model.plans.risk import OpenTransaction
from pgmg.model.sources.operations import ConstraintType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import psycopg

    from pgmg.model.sources.source import TypeName

LONG_TRANSACTION = 5.0
"""Seconds from which on an open transaction is reported."""

_NUMBERS = re.compile(r"\(([\d, -]+)\)")


def read_relation_facts(
    conn: psycopg.Connection[Row], wanted: FactsWanted, path: tuple[str, ...], back: str | None = None
) -> RelationFacts:
    """Return the facts; `path` are the schemas in which unqualified names are looked up, `back` the path to restore."""
    names = sorted(wanted.relations)
    asked = (names, sorted(wanted.schemas), sorted(wanted.users_of_types), wanted.truncates, sorted(wanted.locked))
    candidates = {spelling: None for kind in wanted.types for spelling in _spellings(kind, path)}
    relations, types, functions, server, transactions = run_queries(
        conn,
        ("forecast_relations", asked),
        ("forecast_types", (list(candidates), names)),
        ("forecast_functions", (sorted(wanted.functions),)),
        ("forecast_server", ()),
        ("forecast_transactions", (names, LONG_TRANSACTION)),
        back=back,
    )
    ((casts, time_zone, tablespace, version_num),) = server
    known = {oid: ColumnType(oid, base, name, _numbers(mods), checked) for _, oid, base, name, mods, checked in types}
    by_name = {name: known[oid] for name, oid, *_ in types if name is not None}
    return RelationFacts(
        relations={row[0]: _relation(row, known) for row in relations},
        types={kind: found for kind in wanted.types if (found := _named_type(kind, by_name, path)) is not None},
        volatile=frozenset((schema, name, number) for schema, name, number in functions),
        binary_casts=frozenset((source, target) for source, target in casts),
        path=path,
        time_zone=time_zone,
        tablespace=tablespace,
        version_num=version_num,
        transactions=_transactions(transactions),
    )


def modifiers_of(type_name: str, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Return modifiers in one form, whether the grammar or the server wrote them: `numeric(5)` is `numeric(5,0)`."""
    match type_name, numbers:
        case "numeric", (precision,):
            return (precision, 0)
        case "interval", (fields, precision):
            return (precision,) if fields == _ALL_FIELDS else (-1, fields, precision)
        case "interval", (fields,) if fields > _MOST_DIGITS:
            return (-1, fields)
        case _:
            return numbers


_ALL_FIELDS, _MOST_DIGITS = 0x7FFF, 6
"""INTERVAL without fields (`YEAR TO MONTH`), and the highest precision of seconds."""


def _spellings(kind: TypeName, path: tuple[str, ...]) -> list[str]:
    """Return how a type may be spelled in full, in the order in which schemas are searched."""
    suffix = "[]" if kind.dimensions else ""
    if len(kind.parts) > 1:
        return [".".join(map(quote, kind.parts)) + suffix]
    return [f"{quote(schema)}.{quote(kind.parts[0])}{suffix}" for schema in ("pg_catalog", *path)]


def _named_type(kind: TypeName, by_name: Mapping[str, ColumnType], path: tuple[str, ...]) -> ColumnType | None:
    found = next((by_name[name] for name in _spellings(kind, path) if name in by_name), None)
    if found is None or not kind.modifiers:
        return found
    try:
        numbers = tuple(int(number) for number in kind.modifiers.split(","))
    except ValueError:
        return None
    return replace(found, modifiers=modifiers_of(found.name.removesuffix("[]"), numbers))


def _numbers(spelled: str) -> tuple[int, ...]:
    """Return the modifiers in a type as the server writes it: `numeric(10,2)`, `timestamp(3) with time zone`."""
    found = _NUMBERS.search(spelled)
    return () if found is None else tuple(int(number) for number in found[1].split(","))


def _relation(row: Row, known: Mapping[int, ColumnType]) -> Relation:
    (oid, schema, name, kind, persistence, method, tablespace, size, rows, partition, parents, default) = row[:12]
    (table, of_type, dependents, reads, columns, constraints, indexes, statistics) = row[12:]
    return Relation(
        oid=oid,
        schema=schema,
        name=name,
        kind=kind,
        persistence=persistence,
        access_method=method,
        tablespace=tablespace,
        bytes=size,
        rows=rows,
        is_partition=partition,
        inherits=tuple(parents),
        default_partition=default,
        indexed_table=table,
        of_type=of_type,
        dependents=tuple((view, column) for view, column in dependents or ()),
        reads=None if reads is None else tuple((read, tree) for read, tree in reads),
        columns={column.name: column for column in _columns(columns or (), known)},
        constraints=tuple(
            TableConstraint(name, ConstraintType(type_), valid, tuple(on or ()), other or None, *more)
            for name, type_, valid, other, on, *more in constraints or ()
        ),
        indexes=tuple(TableIndex(name, tuple(keys or ()), tuple(inner or ())) for name, keys, inner in indexes or ()),
        statistics=tuple(statistics or ()),
    )


def _columns(rows: Iterable[Any], known: Mapping[int, ColumnType]) -> Iterator[Column]:
    for name, type_oid, spelled, collation, not_null in rows:
        type_ = known.get(type_oid)
        if type_ is not None:
            own = modifiers_of(type_.name.removesuffix("[]"), _numbers(spelled)) if type_.oid == type_.base else ()
            yield Column(name, replace(type_, modifiers=own or type_.modifiers), collation, not_null)


def _transactions(rows: Iterable[Row]) -> dict[int, tuple[OpenTransaction, ...]]:
    found: dict[int, list[OpenTransaction]] = {}
    for oid, pid, application, seconds in rows:
        found.setdefault(oid, []).append(OpenTransaction(pid, application, round(seconds, 1)))
    return {oid: tuple(open_ones) for oid, open_ones in found.items()}
