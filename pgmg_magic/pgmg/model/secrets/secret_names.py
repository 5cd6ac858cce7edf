"""Which names say that a secret follows: `PASSWORD`, `sslpassword`, `app.jwt_secret`, `api_key`."""

from __future__ import annotations

import re

_WITHIN = (
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "secret",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "encryptionkey",
    "scramclientkey",
    "scramserverkey",
)
"""A name that contains one of these, separators left out, is the name of a secret."""

_AT_END = ("pwd", "token", "passcode")
_WHOLE = frozenset({"pass", "pw"})
_HARMLESS = ("passwordencryption", "file", "passwordat", "passwordid", "tokenid")
"""Ends of names that contain the word and hold no secret; `password_encryption` is a setting of the server."""

_SEPARATORS = re.compile(r"[\W_\d]+")
_NEVER = re.compile("secretar[iy]")

_FUNCTION_WORDS = (
    "CRYPT HMAC ENCRYPT ENCRYPT_IV DECRYPT DECRYPT_IV PGP_SYM_ENCRYPT PGP_SYM_ENCRYPT_BYTEA PGP_SYM_DECRYPT"
    " PGP_SYM_DECRYPT_BYTEA PGP_PUB_DECRYPT PGP_PUB_DECRYPT_BYTEA"
)
SECRET_FUNCTIONS = frozenset(_FUNCTION_WORDS.split())
"""Functions of pgcrypto that take a password or key (PostgreSQL manual, F.26)."""

_TRACES = (
    *(part for part in _WITHIN if not part.endswith("key")),
    *_AT_END,
    "crypt",
    "hmac",
    "identified",
    "bearer",
    "authorization",
    'u&"',
    "://",
)
_RARE = ("key", "pass", "pw")
_TRACE = re.compile(r"(?:api|access|private|encryption|client|server)[\W_\d]*key|\bpass\b|\bpw\b")


def is_secret(name: str) -> bool:
    """Whether a name, quotes removed, is that of a secret."""
    letters = _SEPARATORS.sub("", name.casefold())
    if letters.endswith(_HARMLESS):
        return False
    if letters in _WHOLE or letters.endswith(_AT_END):
        return True
    return any(part in letters for part in _WITHIN) and not _NEVER.search(letters)


def is_suspicious(text: str) -> bool:
    """Whether a text may hold a secret at all: a quick look, before anything is cut into tokens."""
    folded = text.casefold()
    if any(trace in folded for trace in _TRACES):
        return True
    return any(word in folded for word in _RARE) and _TRACE.search(folded) is not None
