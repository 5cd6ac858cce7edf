"""Reads the evidence for drift: live definitions, recorded SQL, comments, privileges, in one round trip."""

from __future__ import annotations

from collections import defaultdict

import psycopg
from psycopg import sql

from pgmg.catalog.catalog_queries import Row, addresses, query, set_path, use_canonical_settings
from pgmg.catalog.name_parts import object_name
from pgmg.model.catalog_details import DriftChecks, DriftEvidence, Privileges
from pgmg.model.names import Kind, ObjectName
from pgmg.model.snapshot import Address, Snapshot


def read_drift_evidence(
    conn: psycopg.Connection[Row], snapshot: Snapshot, drift_checks: DriftChecks, state_schema: str
) -> DriftEvidence:
    """Ask only what is in doubt; nothing in doubt costs no round trip."""
    if not (drift_checks.definitions or drift_checks.recorded or drift_checks.comments or drift_checks.privileges):
        return DriftEvidence()
    with conn.pipeline():
        use_canonical_settings(conn)
        shown = [
            conn.execute(
                query("definitions"), addresses(address for _, address in drift_checks.definitions), prepare=True
            )
            if drift_checks.definitions
            else None,
            conn.execute(_recorded(state_schema), [list(drift_checks.recorded)])
            if drift_checks.recorded and "sql" in snapshot.server.state_columns
            else None,
            conn.execute(query("constraints")) if drift_checks.comments or drift_checks.privileges else None,
            conn.execute(query("comments")) if drift_checks.comments else None,
            conn.execute(query("granted")) if drift_checks.privileges else None,
        ]
        set_path(conn, snapshot.server.setting)
    definitions, recorded, others, comments, granted = [[] if c is None else c.fetchall() for c in shown]
    names = {live.address: name for name, live in snapshot.objects.items()}
    names |= {Address(r[0], r[1]): object_name(r[2], r[3], r[4], None, (r[5], r[6], r[7])) for r in others}
    texts = {Address(r[0], r[1]): r[8] or "" for r in definitions}
    return DriftEvidence(
        definitions={name: texts[address] for name, address in drift_checks.definitions if address in texts},
        recorded=dict(recorded),
        comments=_comments(comments, names),
        privileges=_privileges(granted, names),
    )


def _recorded(state_schema: str) -> sql.Composed:
    table = sql.Identifier(state_schema, "pgmg_state")
    return sql.SQL("SELECT object_name, sql FROM {} WHERE object_name = ANY($1) AND sql IS NOT NULL").format(table)


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
