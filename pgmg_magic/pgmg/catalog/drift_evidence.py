"""Reads the evidence for drift: live definitions, recorded SQL, comments, privileges, in one round trip."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.catalog_queries import Row, addresses, query, set_path, use_canonical_settings
from pgmg.catalog.name_parts import object_name
from pgmg.model.applied_from import AppliedFrom, Claim
from pgmg.model.catalog_details import DriftChecks, DriftEvidence, Privileges
from pgmg.model.names import Kind, ObjectName
from pgmg.model.snapshot import Address, Snapshot
from pgmg.model.state_layout import STATE

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_drift_evidence(
    conn: psycopg.Connection[Row], snapshot: Snapshot, drift_checks: DriftChecks, state_schema: str
) -> DriftEvidence:
    """Ask only what is in doubt; nothing in doubt costs no round trip."""
    elsewhere_in = snapshot.server.other_states if drift_checks.claimed else ()
    if replace(drift_checks, claimed=()) == DriftChecks() and not elsewhere_in:
        return DriftEvidence()
    with conn.pipeline():
        use_canonical_settings(conn)
        shown = [
            conn.execute(
                query("definitions"), addresses(address for _, address in drift_checks.definitions), prepare=True
            )
            if drift_checks.definitions
            else None,
            conn.execute(_recorded(snapshot, state_schema), [list(drift_checks.recorded)])
            if drift_checks.recorded and "sql" in snapshot.server.state_columns
            else None,
            conn.execute(_others(elsewhere_in), [list(drift_checks.claimed)]) if elsewhere_in else None,
            conn.execute(query("constraints")) if drift_checks.comments or drift_checks.privileges else None,
            conn.execute(query("comments")) if drift_checks.comments else None,
            conn.execute(query("granted")) if drift_checks.privileges else None,
            conn.execute(query("facts"), addresses(address for _, address in drift_checks.signatures), prepare=True)
            if drift_checks.signatures
            else None,
        ]
        set_path(conn, snapshot.server.setting)
    definitions, recorded, elsewhere, others, comments, granted, signatures = [
        [] if c is None else c.fetchall() for c in shown
    ]
    names = {live.address: name for name, live in snapshot.objects.items()}
    names |= {Address(r[0], r[1]): object_name(r[2], r[3], r[4], None, (r[5], r[6], r[7])) for r in others}
    texts = {Address(r[0], r[1]): r[8] or "" for r in definitions}
    facts = {Address(r[0], r[1]): r[2] for r in signatures}
    return DriftEvidence(
        definitions={name: texts[address] for name, address in drift_checks.definitions if address in texts},
        recorded={name: text for name, text, _ in recorded if text is not None},
        applied_from={name: who for name, _, said in recorded if (who := AppliedFrom.from_json(said)) is not None},
        claims={name: Claim(schema, hash_) for name, schema, hash_ in elsewhere},
        comments=_comments(comments, names),
        privileges=_privileges(granted, names),
        signatures={name: facts[address] for name, address in drift_checks.signatures if address in facts},
    )


def _recorded(snapshot: Snapshot, state_schema: str) -> sql.Composed:
    """Ask for SQL and origin; an origin that an earlier pgmg did not write with the row is none (`state_tables.py`)."""
    known = "applied_from" in snapshot.server.state_columns
    valid = "CASE WHEN applied_from->'stamp' = to_jsonb(last_applied) THEN applied_from END"
    return sql.SQL("SELECT object_name, sql, {} FROM {} WHERE object_name = ANY($1)").format(
        sql.SQL(valid) if known else sql.NULL, sql.Identifier(state_schema, STATE.name)
    )


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
    for classid, objid, column, grantor, grantee, privilege, grantable, default in rows:
        about = names.get(Address(classid, objid))
        if about is not None:
            found[about].append(Privileges(grantor, grantee, privilege, grantable, column, default))
    return {about: tuple(items) for about, items in found.items()}
