"""Roles by name and by key word (PostgreSQL manual: role specifications)."""

from __future__ import annotations

from pgmg.model.naming.quoting import quote, spell

EVERYBODY = "public"
CURRENT = frozenset({"CURRENT_USER", "CURRENT_ROLE"})
"""Key words for the role that applies."""

SESSION = "SESSION_USER"
"""The key word for the role that has connected."""

KEY_WORDS = CURRENT | {SESSION}


def role_sql(role: str) -> str:
    """Return a role as GRANT, ALTER … OWNER TO and CREATE POLICY take it."""
    if role == EVERYBODY:
        return "PUBLIC"
    return role if role in KEY_WORDS else quote(role)


def role_word(role: str) -> str:
    """Return a role as names of objects spell it."""
    return role if role in KEY_WORDS else spell(role)


def role_meant(role: str, current: str, session: str) -> str:
    """Return the name of the role that a key word means, and every other role as it is."""
    if role in CURRENT:
        return current
    return session if role == SESSION else role
