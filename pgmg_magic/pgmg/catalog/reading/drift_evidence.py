"""Reads the evidence for drift: live definitions, recorded SQL, comments, privileges, in one round trip."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import (
    Row,
    addresses,
    pipeline,
    query,
    query_for,
    set_path,
    use_canonical_settings,
)
from pgmg.catalog.reading.name_parts import object_name
from pgmg.model.database.catalog_details import DefaultAcls, DriftChecks, DriftEvidence, Privileges
from pgmg.model.database.snapshot import Address, Snapshot
from pgmg.model.database.state_layout import STATE
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.applied_from import AppliedFrom, Claim
from pgmg.model.sources.firing import Firing

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_drift_evidence(
    conn: psycopg.Connection[Row], snapshot: Snapshot, drift_checks: DriftChecks, state_schema: str
) -> DriftEvidence:
    """Ask only what is in doubt; nothing in doubt costs no round trip."""
    elsewhere_in = snapshot.server.other_states if drift_checks.claimed else ()
    if replace(drift_checks, claimed=()) == DriftChecks() and not elsewhere_in:
        return DriftEvidence()
    asks_names = drift_checks.comments or drift_checks.privileges
    with pipeline(conn):
        use_canonical_settings(conn)
        shown = {
            "definitions": _about(conn, "definitions", drift_checks.definitions, (False,)),
            "recorded": conn.execute(_recorded(snapshot, state_schema), [list(drift_checks.recorded)])
            if drift_checks.recorded and "sql" in snapshot.server.state_columns
            else None,
            "wordings": conn.execute(_wordings(state_schema), [list(drift_checks.wordings)])
            if drift_checks.wordings and "definition" in snapshot.server.state_columns
            else None,
            "elsewhere": conn.execute(_others(elsewhere_in), [list(drift_checks.claimed)]) if elsewhere_in else None,
            "constraints": conn.execute(query("constraints")) if asks_names else None,
            "comments": conn.execute(query("comments")) if drift_checks.comments else None,
            "firing": conn.execute(query("firing")) if drift_checks.firing else None,
            "granted": conn.execute(query("granted")) if drift_checks.privileges else None,
            "default_privileges": conn.execute(query("default_privileges")) if drift_checks.privileges else None,
            "roles": conn.execute(query("roles"), [list(drift_checks.roles)]) if drift_checks.roles else None,
            "facts": _about(conn, "facts", drift_checks.signatures),
        }
        set_path(conn, snapshot.server.setting)
    rows: dict[str, list[Row]] = {name: [] if cursor is None else cursor.fetchall() for name, cursor in shown.items()}
    names = {live.address: name for name, live in (*snapshot.objects.items(), *snapshot.others.items())}
    names |= {Address(r[0], r[1]): object_name(r[2], r[3], r[4], None, (r[5], r[6], r[7])) for r in rows["constraints"]}
    texts = {Address(r[0], r[1]): r[8] or "" for r in rows["definitions"]}
    facts = {Address(r[0], r[1]): r[2] for r in rows["facts"]}
    origins = ((name, AppliedFrom.from_json(said)) for name, _, said in rows["recorded"])
    return DriftEvidence(
        definitions={name: texts[address] for name, address in drift_checks.definitions if address in texts},
        recorded={name: text for name, text, _ in rows["recorded"] if text is not None},
        wordings=dict(rows["wordings"]),
        applied_from={name: origin for name, origin in origins if origin is not None},
        claims={name: Claim(schema, hash_) for name, schema, hash_ in rows["elsewhere"]},
        comments=_comments(rows["comments"], names),
        privileges=_privileges(rows["granted"], names),
        firing={names[at]: Firing(r[2]) for r in rows["firing"] if (at := Address(r[0], r[1])) in names},
        default_acls=_default_acls(rows["default_privileges"]),
        roles=frozenset(row[0] for row in rows["roles"]),
        signatures={name: facts[address] for name, address in drift_checks.signatures if address in facts},
    )


def _about(
    conn: psycopg.Connection[Row], name: str, these: Sequence[tuple[ObjectName, Address]], more: tuple[object, ...] = ()
) -> psycopg.Cursor[Row] | None:
    if not these:
        return None
    parameters = (*addresses(address for _, address in these), *more)
    return conn.execute(query_for(name, parameters), parameters, prepare=True)


def _recorded(snapshot: Snapshot, state_schema: str) -> sql.Composed:
    """Ask for SQL and origin; an origin that an earlier pgmg did not write with the row is none (`state_tables.py`)."""
    known = "applied_from" in snapshot.server.state_columns
    valid = "CASE WHEN applied_from->'stamp' = to_jsonb(last_applied) THEN applied_from END"
    return sql.SQL("SELECT object_name, sql, {} FROM {} WHERE object_name = ANY($1)").format(
        sql.SQL(valid) if known else sql.NULL, sql.Identifier(state_schema, STATE.name)
    )


def _wordings(state_schema: str) -> sql.Composed:
    each = "SELECT object_name, definition FROM {} WHERE object_name = ANY($1) AND definition IS NOT NULL"
    return sql.SQL(each).format(sql.Identifier(state_schema, STATE.name))


def _others(state_schemas: Sequence[str]) -> sql.Composed:
    """Ask which objects other projects have recorded."""
    each = "SELECT object_name, {}, object_hash FROM {} WHERE object_name = ANY($1)"
    return sql.SQL(" UNION ALL ").join(
        sql.SQL(each).format(sql.Literal(schema), sql.Identifier(schema, STATE.name)) for schema in state_schemas
    )


def _comments(rows: list[Row], names: dict[Address, ObjectName]) -> dict[ObjectName, str]:
    found = {}
    for classid, objid, column, text in rows:
        about = names.get(Address(classid, objid))
        if about is not None:
            found[about if column is None else ObjectName(Kind.COLUMN, column, parent=about)] = text
    return found


def _privileges(rows: list[Row], names: dict[Address, ObjectName]) -> dict[ObjectName, tuple[Privileges, ...]]:
    found = defaultdict(list)
    for classid, objid, column, grantor, grantee, privilege, grantable in rows:
        about = names.get(Address(classid, objid))
        if about is not None:
            found[about].append(Privileges(grantor, grantee, privilege, grantable, column))
    return {about: tuple(items) for about, items in found.items()}


def _default_acls(rows: list[Row]) -> DefaultAcls:
    found: defaultdict[tuple[str, str | None, str], list[Privileges]] = defaultdict(list)
    for creator, schema, objects, grantor, grantee, privilege, grantable in rows:
        items = found[creator, schema, objects]
        if privilege is not None:
            items.append(Privileges(grantor, grantee, privilege, grantable))
    return {key: tuple(items) for key, items in found.items()}
